INSERT INTO times (id, tsf, t, t3, ts, ts0, tz, tstz, iv, ivn) VALUES (3, '2001-01-01', '24:00:00', '00:00:00.001', '1900-01-01 00:00:00.000001', '2200-02-28 23:59:59', '24:00:00+00', '12020-01-01 00:00:00+00', '-1 year -2 mons +3 days -04:05:06.7', '178 days');
INSERT INTO times (id, tsf, t, ts, iv) VALUES (4, '2001-01-01', '01:02:00', '2001-02-03 04:05:00', '3 days');
INSERT INTO times (id, tsf, t, ts, iv) VALUES (5, '2001-01-01', '01:02:03.1', '2001-02-03 04:05:06.12', '-00:00:00.5');
UPDATE times SET d = '9999-12-31', iv = '14 months' WHERE id = 1;
DELETE FROM times WHERE id = 2;
INSERT INTO amounts (id, n, nv, m, by) VALUES (3, 0, 123456789012345678901234567890.123, '$92233720368547758.07', '\x');
INSERT INTO amounts (id, n, nv, m, by) VALUES (4, 1234567.891, 1e-10, '-$0.01', '\xff');
UPDATE amounts SET nv = 100, nvn = 1e20 WHERE id = 1;
DELETE FROM amounts WHERE id = 2;
