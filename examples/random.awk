# Random numbers that are the same on every machine, for the examples' data: Lehmer's generator of Park and Miller.
# random(): uniform in (0, 1); normal(): of mean 0 and standard deviation 1, by Box and Muller. Begin with seed(n).
function seed(n, i) { state = n % 2147483646 + 1; for (i = 0; i < 10; i++) random() }
function random() { state = (state * 16807) % 2147483647; return state / 2147483647 }
function normal(r) { r = sqrt(-2 * log(random())); return r * cos(6.283185307179586 * random()) }
