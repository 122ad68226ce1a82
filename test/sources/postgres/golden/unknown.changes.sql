INSERT INTO odd SELECT 3, q, lsn, p, path, bx, ls, pa, po, ci, li, pt, tx, sn, x8, x, mr, dr, ctid_, rc, re, ch, a_pair, a_q, a_mr, lab, a_bx FROM odd WHERE id = 1;
INSERT INTO odd (id) VALUES (4);
