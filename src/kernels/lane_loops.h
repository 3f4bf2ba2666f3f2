/* What every lane does each step, as plain loops over arrays of one entry a lane, which compilers turn into
 * vectors; included by the reference and by the tables of instruction sets. Each operation is rounded once,
 * so all give the same bits. Not a header of its own. */

/* A step that ends within a hundredth of its width before 1 ends at 1 exactly, so that no sliver is left. */
static void step_ends(int lanes, const double *restrict start, const double *restrict width,
                      double *restrict end) {
  for (int lane = 0; lane < lanes; lane++)
    end[lane] = start[lane] + 1.01 * width[lane] >= 1 ? 1 : start[lane] + width[lane];
}

static void error_norms(int lanes, double rows, const real *restrict sum, const real *restrict sum2,
                        double *restrict error) {
  if (!sum2) {
    for (int lane = 0; lane < lanes; lane++) error[lane] = sqrt((double)sum[lane] / rows);
    return;
  }
  for (int lane = 0; lane < lanes; lane++) {
    double e = (double)sum[lane], both = e + 0.01 * (double)sum2[lane], combined = e / sqrt(both * rows);
    error[lane] = both == 0 ? 0 : combined;
  }
}
