CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN labels AS text[];
CREATE TABLE odd (
  id int PRIMARY KEY, q tsquery, lsn pg_lsn, p pair, path jsonpath, bx box, ls lseg, pa path, po polygon, ci circle, li line, pt point,
  tx txid_snapshot, sn pg_snapshot, x8 xid8, x xid, mr int4multirange, dr datemultirange, ctid_ tid, rc regclass, re regproc, ch "char",
  a_pair pair[], a_q tsquery[], a_mr int4multirange[], lab labels, a_bx box[]
);
INSERT INTO odd VALUES (1, 'fat <-> cat', '16/B374D848', '(1,"x y")', '$.a[*]', '(0,0),(1,1)', '[(0,0),(1,1)]', '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', '<(1,2),3>', '(0,0),(0,1)', '(1,2)',
 '10:20:10,14,15', '10:20:10,14,15', '42', '43', '{[1,3),[5,7)}', '{[2020-01-01,2020-01-05)}', '(0,1)', 'pg_class', 'now', 'c',
 '{"(1,x)"}', '{fat}', '{"{[1,3)}"}', '{l,m}', '{(1,1),(0,0);(3,3),(2,2)}');
INSERT INTO odd (id) VALUES (2);
