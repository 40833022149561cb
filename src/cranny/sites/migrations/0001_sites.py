"""Sites, banks, compartments, size classes, occupancies, reservations."""

from cranny.platform import schema

revision = "sites_0001"
down_revision = None
branch_labels = ("sites",)
depends_on = ("platform_0001",)


def upgrade() -> None:
    schema.script(
        """
        CREATE TABLE size_classes (
            tenant uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            name text NOT NULL,
            width integer NOT NULL CHECK (width > 0),
            height integer NOT NULL CHECK (height > 0),
            depth integer NOT NULL CHECK (depth > 0),
            PRIMARY KEY (tenant, id)
        );
        CREATE UNIQUE INDEX size_classes_name ON size_classes (tenant, lower(name));

        CREATE TABLE sites (
            tenant uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            name text NOT NULL,
            timezone text NOT NULL,
            PRIMARY KEY (tenant, id)
        );
        CREATE UNIQUE INDEX sites_name ON sites (tenant, lower(name));

        CREATE TABLE banks (
            tenant uuid NOT NULL REFERENCES tenants,
            id uuid NOT NULL,
            site uuid NOT NULL,
            name text NOT NULL,
            timezone text NOT NULL,
            policy jsonb NOT NULL,
            towers jsonb NOT NULL,
            created timestamptz NOT NULL,
            PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, site) REFERENCES sites
        );
        CREATE INDEX banks_site ON banks (tenant, site);

        -- `blocked` says why the door is out of the pool; null when it is in.
        CREATE TABLE compartments (
            tenant uuid NOT NULL,
            bank uuid NOT NULL,
            label text NOT NULL,
            place integer NOT NULL,
            tower integer NOT NULL,
            width integer NOT NULL,
            height integer NOT NULL,
            depth integer NOT NULL,
            centre integer NOT NULL,
            features text[] NOT NULL,
            unit integer NOT NULL,
            channel integer NOT NULL,
            size_class uuid,
            blocked text,
            PRIMARY KEY (tenant, bank, label),
            UNIQUE (tenant, bank, unit, channel),
            FOREIGN KEY (tenant, bank) REFERENCES banks,
            FOREIGN KEY (tenant, size_class) REFERENCES size_classes
        );

        -- I2: at most one live occupancy at a door, and generations only grow. `previous` is the highest other
        -- generation of the door at the time of writing, 0 when there was none.
        CREATE TABLE occupancies (
            tenant uuid NOT NULL,
            bank uuid NOT NULL,
            label text NOT NULL,
            generation bigint NOT NULL,
            previous bigint NOT NULL,
            started timestamptz NOT NULL,
            ended timestamptz,
            deliveries uuid[] NOT NULL,
            grant_id uuid,
            PRIMARY KEY (tenant, bank, label, generation),
            FOREIGN KEY (tenant, bank, label) REFERENCES compartments,
            CONSTRAINT occupancies_generation_grows CHECK (generation > previous)
        );
        CREATE UNIQUE INDEX occupancies_one_live ON occupancies (tenant, bank, label) WHERE ended IS NULL;

        -- `sides` is what is promised: width, height and depth in mm of each thing, one after the other;
        -- `size_class` is the name it was asked by, or the smallest class that holds it all.
        CREATE TABLE reservations (
            tenant uuid NOT NULL,
            id uuid NOT NULL,
            bank uuid NOT NULL,
            size_class uuid,
            sides integer[] NOT NULL CHECK (cardinality(sides) >= 3 AND cardinality(sides) % 3 = 0),
            features text[] NOT NULL,
            seated boolean NOT NULL,
            until timestamptz NOT NULL,
            state text NOT NULL,
            created timestamptz NOT NULL,
            PRIMARY KEY (tenant, id),
            FOREIGN KEY (tenant, bank) REFERENCES banks,
            FOREIGN KEY (tenant, size_class) REFERENCES size_classes
        );
        CREATE INDEX reservations_held ON reservations (tenant, bank, until) WHERE state = 'held';
        CREATE INDEX reservations_due ON reservations (tenant, until) WHERE state = 'held';
        """
    )
    schema.isolate("size_classes", may="SELECT, INSERT, UPDATE")
    schema.isolate("sites", may="SELECT, INSERT, UPDATE")
    schema.isolate("banks", may="SELECT, INSERT, UPDATE")
    schema.isolate("compartments", may="SELECT, INSERT, UPDATE")
    schema.isolate("occupancies", may="SELECT, INSERT, UPDATE")
    schema.isolate("reservations", may="SELECT, INSERT, UPDATE")
