# Normal noise of 0.5 % of the mean of each column, on a table t, x, y, ...
NR > 1 { t[NR] = $1; x[NR] = $2; y[NR] = $3; mean_x += $2; mean_y += $3 }
END {
  seed(1111)
  print "t,x,y"
  for (i = 2; i <= NR; i++) {
    a = x[i] + 0.005 * mean_x / (NR - 1) * normal()
    b = y[i] + 0.005 * mean_y / (NR - 1) * normal()
    printf "%s,%.17g,%.17g\n", t[i], a, b
  }
}
