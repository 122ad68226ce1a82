CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE TABLE kinds (
  id serial PRIMARY KEY,
  b boolean NOT NULL DEFAULT true, b2 boolean,
  s2 smallint DEFAULT 5, i4 int NOT NULL DEFAULT -7, i8 bigint, o oid,
  r real, d double precision NOT NULL DEFAULT 1.5,
  c char(5), v varchar(20) NOT NULL DEFAULT 'dflt', t text, n name,
  u uuid, j json, jb jsonb NOT NULL DEFAULT '{}', x xml,
  m mood NOT NULL DEFAULT 'ok', dom positive,
  bt bit(1), bt8 bit(8), vb varbit(16),
  ip inet, ci cidr, mac macaddr,
  r4 int4range, tsr tsrange, tstzr tstzrange,
  num numeric(10,3) NOT NULL DEFAULT 1.250, num0 numeric(6), numv numeric, mon money,
  da date NOT NULL DEFAULT '2020-02-29', ti time, ti3 time(3), tz timetz, ts timestamp, ts3 timestamp(3), tstz timestamptz NOT NULL DEFAULT now(), tstz3 timestamptz(3), iv interval,
  by bytea, pt point, hs hstore, tsv tsvector,
  ia int[], ta text[] NOT NULL DEFAULT '{}', na numeric(5,2)[], da_ date[], tza timestamptz[], ba bytea[], ua uuid[], ma mood[], ja jsonb[]
);
CREATE TABLE nokey (a int, b text);
CREATE TABLE two (a text, b int, v text, PRIMARY KEY (b, a));
ALTER TABLE two REPLICA IDENTITY FULL;
CREATE VIEW ignored AS SELECT 1 AS one;

INSERT INTO kinds (b2,s2,i4,i8,o,r,d,c,v,t,n,u,j,jb,x,m,dom,bt,bt8,vb,ip,ci,mac,r4,tsr,tstzr,num,num0,numv,mon,da,ti,ti3,tz,ts,ts3,tstz,tstz3,iv,by,pt,hs,tsv,ia,ta,na,da_,tza,ba,ua,ma,ja)
VALUES (false,-3,2147483647,9223372036854775807,4000000000,3.3,'NaN','ab','vv','text ü €','nm','A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11','{"a": [1, 2]}','{"b":1}','<a>1</a>','happy',9,B'1',B'10000001',B'101','192.168.2.0/12','10.0.0.0/8','08:00:2b:01:02:03','[1,6)','[2019-03-31 15:30:00,infinity)','[2017-06-05 11:29:12.549426+00,)',-12.345,42,10.1111,'-$1234.11','2016-11-04','13:51:30.123456','13:51:30.123','13:51:30.123789+02','2016-11-04 13:51:30.123456','2016-11-04 13:51:30.123','2016-11-04 13:51:30.1+02','2016-11-04 13:51:30.1+02','1 year 2 mons 3 days 04:05:06.78','\x010203','(1.5,-2)','"key1"=>"val1","key2"=>NULL','a fat cat','{1,NULL,3}','{"a b",NULL,"q\"x"}','{1.10,22.2}','{2020-04-01}','{"2020-04-01 11:51:02+00"}','{"\\x0102"}','{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}','{ok,sad}','{"{\"k\": 1}"}');
INSERT INTO kinds DEFAULT VALUES;
INSERT INTO nokey VALUES (1, 'x'), (2, NULL);
INSERT INTO two VALUES ('k', 1, 'v'), ('l', 2, NULL);
