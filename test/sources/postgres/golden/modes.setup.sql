CREATE TABLE times (
  id int PRIMARY KEY,
  d date, dn date NOT NULL DEFAULT '2020-02-29',
  t time, t0 time(0), t3 time(3), tn time NOT NULL DEFAULT '10:11:12.5',
  ts timestamp, ts0 timestamp(0), ts3 timestamp(3), tsn timestamp NOT NULL DEFAULT '2020-01-02 03:04:05.678',
  tsf timestamp NOT NULL DEFAULT now(),
  tz timetz, tzn timetz NOT NULL DEFAULT '10:11:12+00', tstz timestamptz, tstz0 timestamptz(0), tstzn timestamptz NOT NULL DEFAULT '2020-01-02 03:04:05.678+00',
  iv interval, ivn interval NOT NULL DEFAULT '1 day 02:03:04.5',
  da date[], tsa timestamp[], tstza timestamptz[]
);
CREATE TABLE amounts (
  id int PRIMARY KEY,
  n numeric(10,3), nn numeric(10,3) NOT NULL DEFAULT 1.250, n0 numeric(6), nv numeric, nvn numeric NOT NULL DEFAULT 12.50,
  m money, mn money NOT NULL DEFAULT '1.5',
  by bytea, byn bytea NOT NULL DEFAULT '\x01ff',
  na numeric(5,2)[], nva numeric[], ba bytea[]
);
INSERT INTO times VALUES (1, '2016-11-04', '1969-12-31', '13:51:30.123456', '13:51:30', '13:51:30.123', '00:00:00', '2016-11-04 13:51:30.123456', '2016-11-04 13:51:30', '2016-11-04 13:51:30.120', '1969-12-31 23:59:59.999999', '2000-01-01', '13:51:30.123789+02', '13:00:00+00', '2016-11-04 13:51:30.1+02', '2016-11-04 13:51:30+02', '2016-11-04 13:51:30.123456+02', '1 year 2 mons 3 days 04:05:06.78', '00:00:00', '{2020-04-01,NULL}', '{"2020-04-01 11:51:02.5",NULL}', '{"2020-04-01 11:51:02.5+00"}');
INSERT INTO times (id) VALUES (2);
UPDATE times SET tsf = '2001-01-01' WHERE id = 2;
INSERT INTO amounts VALUES (1, -12.345, 100, 42, 10.1111, 0.000, '-$1234.11', '$0.05', '\x010203fffe', '\xfbff', '{1.10,NULL,22.2}', '{1.10,0.00,1e5}', '{"\\x0102",NULL,"\\xfbef"}');
INSERT INTO amounts (id) VALUES (2);
