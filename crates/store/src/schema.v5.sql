-- Content in blocks (stored/block.rs): many bodies compressed together take half the space and a fraction of the rows. A body's id is
-- its block's times 256 plus its place there.
CREATE TABLE block (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    lengths BLOB NOT NULL, -- of each body, plus one; 0 is a body that was swept
    data    BLOB NOT NULL
);
-- Bodies of older versions stay where they are, in table body. The ids of new ones begin after theirs.
INSERT INTO sqlite_sequence (name, seq) SELECT 'block', max(id) / 256 FROM body HAVING count(*) > 0;
