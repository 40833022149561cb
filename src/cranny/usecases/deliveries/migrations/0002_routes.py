"""Where a delivery was awaited before it was re-routed, and where it goes on to."""

from cranny.platform import schema

revision = "deliveries_0002"
down_revision = "deliveries_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.script(
        """
        ALTER TABLE deliveries ADD COLUMN reroute_to uuid;
        CREATE INDEX deliveries_promised ON deliveries (tenant, reservation) WHERE reservation IS NOT NULL;

        CREATE TABLE delivery_routes (
            tenant uuid NOT NULL,
            delivery uuid NOT NULL,
            bank uuid NOT NULL,
            PRIMARY KEY (tenant, delivery, bank),
            FOREIGN KEY (tenant, delivery) REFERENCES deliveries
        );
        """
    )
    schema.isolate("delivery_routes", may="SELECT, INSERT")
