"""The journal's tables. The database itself refuses what must never be: two live occupancies or two openings
under way at one door, a generation that goes back, a fact that is changed."""

from typing import Final

from cranny.edge import rows

TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS marks (
        id INTEGER PRIMARY KEY CHECK (id = 1), tenant TEXT NOT NULL, bank TEXT NOT NULL,
        epoch INTEGER NOT NULL CHECK (epoch >= 1), seq INTEGER NOT NULL, head BLOB NOT NULL,
        acked INTEGER NOT NULL, applied INTEGER NOT NULL, wall_ms INTEGER NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS pasts (epoch INTEGER PRIMARY KEY, seq INTEGER NOT NULL, head BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS facts (
        epoch INTEGER NOT NULL, seq INTEGER NOT NULL, stored BLOB NOT NULL, beside BLOB,
        PRIMARY KEY (epoch, seq)) STRICT""",
    """CREATE TABLE IF NOT EXISTS compartments (
        label TEXT PRIMARY KEY, generation INTEGER NOT NULL, openings INTEGER NOT NULL,
        blocked TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS occupancies (
        label TEXT NOT NULL, generation INTEGER NOT NULL, "grant" TEXT, collector BLOB NOT NULL,
        visit TEXT NOT NULL, deliveries TEXT NOT NULL, ended INTEGER NOT NULL,
        PRIMARY KEY (label, generation)) STRICT""",
    """CREATE TABLE IF NOT EXISTS deliveries (
        delivery TEXT PRIMARY KEY, state TEXT NOT NULL, deposit_grant TEXT, collect_grant TEXT,
        collector BLOB NOT NULL, items TEXT NOT NULL, features TEXT NOT NULL, seated INTEGER NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS grants (
        "grant" TEXT PRIMARY KEY, state TEXT NOT NULL, purpose TEXT NOT NULL, locator INTEGER NOT NULL,
        salt BLOB NOT NULL, code_verifier BLOB NOT NULL, qr_verifier BLOB NOT NULL, door TEXT NOT NULL,
        generation INTEGER NOT NULL, tries INTEGER NOT NULL CHECK (tries <= 10),
        code_off INTEGER NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS badges ("grant" TEXT PRIMARY KEY, verifier BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS openings (
        opening TEXT PRIMARY KEY, door TEXT NOT NULL, generation INTEGER NOT NULL, purpose TEXT NOT NULL,
        "grant" TEXT, credential TEXT NOT NULL, deliveries TEXT NOT NULL, visit TEXT, state TEXT NOT NULL,
        attempt INTEGER NOT NULL, seen_open INTEGER NOT NULL, overdue INTEGER NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS sensing (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS warmth (
        label TEXT PRIMARY KEY, generation INTEGER NOT NULL, warm_ms INTEGER NOT NULL, worst INTEGER,
        spoiled INTEGER NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS agains (
        "grant" TEXT PRIMARY KEY, purpose TEXT NOT NULL, locator INTEGER NOT NULL, salt BLOB NOT NULL,
        code_verifier BLOB NOT NULL, qr_verifier BLOB NOT NULL, door TEXT NOT NULL, generation INTEGER NOT NULL,
        until_ms INTEGER NOT NULL, times INTEGER NOT NULL CHECK (times >= 0)) STRICT""",
    """CREATE TABLE IF NOT EXISTS pad (id INTEGER PRIMARY KEY CHECK (id = 1), steps INTEGER NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS used_tokens (token_id TEXT PRIMARY KEY, expires INTEGER NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS inventories (
        inventory TEXT PRIMARY KEY, "grant" TEXT, command TEXT, done TEXT NOT NULL, opening TEXT, door TEXT NOT NULL,
        answer TEXT NOT NULL, ended INTEGER NOT NULL) STRICT""",
    """CREATE UNIQUE INDEX IF NOT EXISTS one_inventory_at_once ON inventories (ended) WHERE NOT ended""",
    """CREATE TABLE IF NOT EXISTS tracking (delivery TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS given_meanwhile (delivery TEXT PRIMARY KEY, given BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS commands (
        command TEXT PRIMARY KEY, action TEXT NOT NULL, state TEXT NOT NULL, "by" TEXT NOT NULL,
        "left" INTEGER NOT NULL CHECK ("left" >= 0), doors TEXT NOT NULL, reason TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS orders (
        opening TEXT PRIMARY KEY, command TEXT NOT NULL REFERENCES commands, told INTEGER NOT NULL) STRICT""",
    """CREATE UNIQUE INDEX IF NOT EXISTS one_live_occupancy ON occupancies (label) WHERE NOT ended""",
    """CREATE UNIQUE INDEX IF NOT EXISTS one_opening_at_once ON openings (door) WHERE state <> 'ended'""",
    """CREATE TRIGGER IF NOT EXISTS generations_only_grow BEFORE UPDATE ON compartments
        WHEN NEW.generation < OLD.generation BEGIN SELECT RAISE(ABORT, 'a generation went back'); END""",
    """CREATE TRIGGER IF NOT EXISTS occupancies_end_once BEFORE UPDATE ON occupancies
        WHEN OLD.ended AND NOT NEW.ended BEGIN SELECT RAISE(ABORT, 'an occupancy was revived'); END""",
    """CREATE TRIGGER IF NOT EXISTS deliveries_leave_once BEFORE UPDATE ON deliveries
        WHEN OLD.state = 'gone' AND NEW.state <> 'gone' BEGIN SELECT RAISE(ABORT, 'a delivery came back'); END""",
    """CREATE TRIGGER IF NOT EXISTS grants_end_once BEFORE UPDATE ON grants
        WHEN OLD.state <> 'live' AND NEW.state = 'live' BEGIN SELECT RAISE(ABORT, 'a grant was revived'); END""",
    """CREATE TRIGGER IF NOT EXISTS commands_are_answered_once BEFORE UPDATE ON commands
        WHEN OLD.state <> 'taken' BEGIN SELECT RAISE(ABORT, 'a command was answered twice'); END""",
    """CREATE TRIGGER IF NOT EXISTS facts_stay BEFORE UPDATE OF epoch, seq, stored ON facts
        BEGIN SELECT RAISE(ABORT, 'a fact was changed'); END""",
)

RENEW: Final = "UPDATE marks SET epoch = ?, seq = 0, head = ?, acked = 0, applied = 0"
FORGET: Final = (
    "DELETE FROM orders",
    "DELETE FROM openings",
    "DELETE FROM occupancies",
    "DELETE FROM deliveries",
    "DELETE FROM grants",
    "DELETE FROM badges",
    "DELETE FROM agains",
    "DELETE FROM inventories",
    "DELETE FROM tracking",
    "DELETE FROM given_meanwhile",
    "DELETE FROM warmth",
    "DELETE FROM compartments",
)
"""What an epoch knew of rights and doors."""

ADD_FACT: Final = "INSERT INTO facts (epoch, seq, stored, beside) VALUES (?, ?, ?, ?)"
FACTS_AFTER: Final = """SELECT stored, beside FROM facts WHERE epoch = ? AND seq > ? ORDER BY seq LIMIT ?"""
COUNT_AFTER: Final = """SELECT count(*) FROM facts WHERE epoch = ? AND seq > ?"""
BACKWARDS: Final = "SELECT stored FROM facts WHERE epoch = ? AND seq > ? ORDER BY seq DESC"
LAST_FACT: Final = "SELECT stored FROM facts WHERE epoch = ? AND seq = ?"
OLDEST_FACTS: Final = """SELECT epoch, seq, stored FROM facts f
    WHERE (epoch < ? OR (epoch = ? AND seq <= ?))
        AND EXISTS (SELECT 1 FROM facts n WHERE n.epoch = f.epoch AND n.seq > f.seq)
    ORDER BY epoch, seq LIMIT ?"""
COUNT_FACTS: Final = "SELECT count(*) FROM facts"
FORGET_FACT: Final = "DELETE FROM facts WHERE epoch = ? AND seq = ?"
ALL_FACTS: Final = "SELECT stored FROM facts ORDER BY epoch, seq"

PUT: Final[dict[type[rows.Row], str]] = {
    rows.Mark: """INSERT INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
        epoch = excluded.epoch, seq = excluded.seq, head = excluded.head, acked = excluded.acked,
        applied = excluded.applied, wall_ms = excluded.wall_ms""",
    rows.Past: "INSERT INTO pasts VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    rows.Setting: """INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body""",
    rows.Compartment: """INSERT INTO compartments VALUES (?, ?, ?, ?) ON CONFLICT (label) DO UPDATE SET
        generation = excluded.generation, openings = excluded.openings, blocked = excluded.blocked""",
    rows.Occupancy: """INSERT INTO occupancies VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (label, generation) DO UPDATE
        SET "grant" = excluded."grant", deliveries = excluded.deliveries, ended = excluded.ended""",
    rows.Delivery: """INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (delivery) DO UPDATE SET
        state = excluded.state, deposit_grant = excluded.deposit_grant, collect_grant = excluded.collect_grant,
        collector = excluded.collector, items = excluded.items, features = excluded.features,
        seated = excluded.seated""",
    rows.Grant: """INSERT INTO grants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT ("grant") DO UPDATE SET
        state = excluded.state, salt = excluded.salt, code_verifier = excluded.code_verifier,
        qr_verifier = excluded.qr_verifier, tries = excluded.tries, code_off = excluded.code_off""",
    rows.Badge: """INSERT INTO badges VALUES (?, ?) ON CONFLICT ("grant") DO UPDATE SET verifier = excluded.verifier""",
    rows.Opening: """INSERT INTO openings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (opening) DO UPDATE
        SET deliveries = excluded.deliveries, state = excluded.state, attempt = excluded.attempt,
        seen_open = excluded.seen_open, overdue = excluded.overdue""",
    rows.Again: """INSERT INTO agains VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT ("grant") DO UPDATE SET
        salt = excluded.salt, code_verifier = excluded.code_verifier, qr_verifier = excluded.qr_verifier,
        until_ms = excluded.until_ms, times = excluded.times""",
    rows.Pad: "INSERT INTO pad VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET steps = excluded.steps",
    rows.Inventory: """INSERT INTO inventories VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (inventory) DO UPDATE SET
        done = excluded.done, opening = excluded.opening, door = excluded.door, answer = excluded.answer,
        ended = excluded.ended""",
    rows.Command: """INSERT INTO commands VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (command) DO UPDATE SET
        state = excluded.state, "left" = excluded."left", doors = excluded.doors, reason = excluded.reason""",
    rows.UsedToken: """INSERT INTO used_tokens VALUES (?, ?)""",
    rows.Order: """INSERT INTO orders VALUES (?, ?, ?) ON CONFLICT (opening) DO UPDATE SET told = excluded.told""",
    rows.Sensing: "INSERT INTO sensing VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
    rows.Warmth: """INSERT INTO warmth VALUES (?, ?, ?, ?, ?) ON CONFLICT (label) DO UPDATE SET
        generation = excluded.generation, warm_ms = excluded.warm_ms, worst = excluded.worst,
        spoiled = excluded.spoiled""",
    rows.GivenMeanwhile: """INSERT INTO given_meanwhile VALUES (?, ?) ON CONFLICT (delivery) DO UPDATE SET
        given = excluded.given""",
    rows.Tracking: """INSERT INTO tracking VALUES (?, ?) ON CONFLICT (delivery) DO UPDATE SET text = excluded.text""",
}

LOAD: Final[dict[type[rows.Row], str]] = {
    rows.Mark: "SELECT * FROM marks",
    rows.Past: "SELECT * FROM pasts ORDER BY epoch",
    rows.Setting: "SELECT * FROM settings",
    rows.Compartment: "SELECT * FROM compartments",
    rows.Occupancy: "SELECT * FROM occupancies WHERE NOT ended",
    rows.Delivery: "SELECT * FROM deliveries",
    rows.Grant: "SELECT * FROM grants",
    rows.Badge: "SELECT * FROM badges WHERE verifier <> x''",
    rows.Opening: "SELECT * FROM openings WHERE state <> 'ended'",
    rows.Again: "SELECT * FROM agains WHERE times > 0 ORDER BY until_ms",
    rows.Pad: "SELECT * FROM pad",
    rows.Inventory: "SELECT * FROM inventories WHERE NOT ended",
    rows.Command: "SELECT * FROM commands ORDER BY command DESC LIMIT 2000",
    rows.UsedToken: "SELECT * FROM used_tokens",
    rows.Order: "SELECT * FROM orders WHERE NOT told",
    rows.Sensing: "SELECT * FROM sensing",
    rows.Warmth: "SELECT * FROM warmth",
    rows.GivenMeanwhile: "SELECT * FROM given_meanwhile WHERE given <> x''",
    rows.Tracking: "SELECT * FROM tracking WHERE text <> ''",
}
