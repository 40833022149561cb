"""Deliveries, their items, and the kinds of delivery that a tenant knows."""

from cranny.platform import schema

revision = "deliveries_0001"
down_revision = None
branch_labels = ("deliveries",)
depends_on = ("platform_0002",)


def upgrade() -> None:
    schema.script(
        """
        CREATE TABLE delivery_kinds (
            tenant uuid NOT NULL,
            name text NOT NULL,
            title text NOT NULL,
            hold_hours integer CHECK (hold_hours > 0),
            collect_hours integer CHECK (collect_hours > 0),
            PRIMARY KEY (tenant, name)
        );

        -- No foreign keys to banks, persons or grants: other features' rows are their own.
        CREATE TABLE deliveries (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            bank uuid NOT NULL,
            kind text NOT NULL,
            state text NOT NULL,
            reference text NOT NULL,
            sender text NOT NULL,
            recipient uuid,
            features text[] NOT NULL,
            seated boolean NOT NULL,
            reservation uuid,
            hold_until timestamptz,
            collect_hours integer NOT NULL CHECK (collect_hours > 0),
            created timestamptz NOT NULL,
            collect_by timestamptz,
            door text,
            generation bigint,
            evidence text,
            known_as uuid,
            deposit_grant uuid,
            collect_grant uuid,
            recall_grant uuid,
            reason text NOT NULL DEFAULT '',
            stored_at timestamptz,
            ended_at timestamptz,
            PRIMARY KEY (tenant, id),
            CHECK ((door IS NULL) = (generation IS NULL))
        );
        CREATE INDEX deliveries_bank ON deliveries (tenant, bank, id);
        CREATE INDEX deliveries_state ON deliveries (tenant, state, id);
        CREATE INDEX deliveries_awaited ON deliveries (tenant, hold_until) WHERE state IN ('announced', 'lapsed');
        CREATE INDEX deliveries_waiting ON deliveries (tenant, collect_by) WHERE state = 'stored';
        CREATE INDEX deliveries_door ON deliveries (tenant, bank, door, generation) WHERE door IS NOT NULL;
        CREATE UNIQUE INDEX deliveries_known_as ON deliveries (tenant, known_as) WHERE known_as IS NOT NULL;

        -- `holds`: its delivery is under way, so no other may have this tracking number.
        CREATE TABLE delivery_items (
            tenant uuid NOT NULL,
            delivery uuid NOT NULL,
            place smallint NOT NULL,
            id uuid NOT NULL,
            tracking text NOT NULL,
            tracking_key text NOT NULL,
            holds boolean NOT NULL,
            width integer NOT NULL,
            height integer NOT NULL,
            depth integer NOT NULL,
            size text,
            weight_g integer,
            PRIMARY KEY (tenant, delivery, place),
            FOREIGN KEY (tenant, delivery) REFERENCES deliveries,
            CHECK (NOT holds OR tracking_key <> '')
        );
        CREATE UNIQUE INDEX delivery_items_under_way ON delivery_items (tenant, tracking_key) WHERE holds;
        CREATE INDEX delivery_items_tracking ON delivery_items (tenant, tracking_key);
        """
    )
    schema.isolate("delivery_kinds")
    schema.isolate("deliveries", may="SELECT, INSERT, UPDATE")
    schema.isolate("delivery_items", may="SELECT, INSERT, UPDATE")
