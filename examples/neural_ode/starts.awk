# 256 series of 100 points on [0, 10], from starting points drawn uniformly in [-0.6, 1]^2.
BEGIN {
  seed(5678)
  print "id,t,start[1],start[2]"
  for (i = 1; i <= 256; i++) {
    a = -0.6 + 1.6 * random()
    b = -0.6 + 1.6 * random()
    for (k = 0; k < 100; k++) printf "%d,%.17g,%.17g,%.17g\n", i, k * 10 / 99, a, b
  }
}
