CREATE TABLE special (id int PRIMARY KEY, n numeric(10,3), nv numeric, ts timestamp, tstz timestamptz, r real, d double precision);
INSERT INTO special VALUES (1, 1, 1, '2000-01-01', '2000-01-01 00:00:00+00', 1, 1);
