CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION hstore;
CREATE DOMAIN amount AS numeric(8,2);
CREATE DOMAIN code AS varchar(5) NOT NULL;
CREATE TABLE ext (id int PRIMARY KEY, c citext, cn citext NOT NULL DEFAULT 'Ab', l ltree, h hstore, hn hstore NOT NULL DEFAULT '"a"=>"b"', ca citext[], la ltree[], a amount, k code, m8 macaddr8, o oid, nr numrange, dr daterange, i8r int8range, b box, q tsquery, lsn pg_lsn);
INSERT INTO ext VALUES (1, 'CiText', 'Cd', 'Top.Science', '"k"=>"v", "n"=>NULL', 'x=>y', '{A,NULL,b}', '{Top.A,Top.B}', 1.5, 'abc', '08:00:2b:01:02:03:04:05', 7, '[1.5,2.5)', '[2020-01-01,2020-02-01)', '[1,10)', '(1,1),(0,0)', 'a & b', '0/10');
INSERT INTO ext (id, k) VALUES (2, 'd');
