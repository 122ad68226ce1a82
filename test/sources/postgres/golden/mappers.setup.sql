CREATE DOMAIN code AS varchar(8);
CREATE TYPE level AS ENUM ('low', 'high');
CREATE TABLE people (
  id int PRIMARY KEY, name varchar(20), secret text NOT NULL, short char(6), bio text, mail varchar(12) DEFAULT 'nobody@x.yz',
  digest varchar(10), digest2 text, digest3 varchar(100), amount numeric(8,3), total numeric, born date, made timestamptz(3), tags text[],
  plain int, label code, lev level, doc json, ident uuid, bits bit(5), raw bytea, wide varchar, num0 numeric(6), tim time(2), span interval
);
COMMENT ON COLUMN people.name IS 'the name';
CREATE TABLE secrets (code text PRIMARY KEY, v varchar(5) NOT NULL DEFAULT 'dflt');
INSERT INTO people (id, name, secret, short, bio, digest, digest2, digest3, amount, total, born, made, tags, plain, label, lev, doc, ident, bits, raw, wide, num0, tim, span) VALUES
 (1, 'Ada', 'hush', 'ab', 'a long biography', 'to be hash', 'to be hashed', 'ünïcödé', 1.5, 2.25, '2020-01-02', '2020-01-02 03:04:05.678+00', '{a,b}', 5, 'abc', 'low', '{"k": 1}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', B'10101', '\x0102', 'wide text', 12, '01:02:03.45', '1 day'),
 (2, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO secrets VALUES ('first', 'one');
