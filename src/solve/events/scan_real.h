/* Values of guards along a step and the search for events in them, in one precision (base/in_double.h). */

#define INTEGRATION OG_P(og_integration)

/* The guards of all lanes in mask, at the places of detection->pieces, and which of them are far from
 * zero.
 */
void OG_P(og_sample_block)(INTEGRATION *d);
/* Before pieces of a lane's step are sampled: the interpolant as a curve, and what rounding makes of the
 * guards, in detection->blurred. */
void OG_P(og_sample_prepare)(INTEGRATION *d, int lane);
/* Those of one lane in a piece of its step: *failed is the guard that has no value there, or
 * OG_NO_EVENT; then the status is what it fails with. */
og_piece OG_P(og_sample_piece)(INTEGRATION *d, int lane, double low, double high, size_t *failed,
                               og_status *status);
/* Of one lane at a place of its step, in detection->one_g; NaN where they have no value. */
const double *OG_P(og_sample_at)(INTEGRATION *d, int lane, double place);
/* Guards at a time and the state in detection->one_x; 0 when their callback refuses. */
int OG_P(og_sample_here)(INTEGRATION *d, double t, double *g);
/* The first event of a guard in a piece that its samples resolve; `w` becomes what it is at the end. Of
 * events behind detection->limit none is looked for, and what `w` is then means nothing. */
og_crossing OG_P(og_scan)(INTEGRATION *d, int lane, const og_piece *piece, size_t event, og_watched_guard *w);
/* About where a guard passes zero, by its samples; INFINITY where they do not show it. */
double OG_P(og_scan_guess)(const INTEGRATION *d, int lane, const og_piece *piece, size_t event);
/* The guard just before an event of another one in the piece, or of its own. */
og_watched_guard OG_P(og_scan_before)(INTEGRATION *d, int lane, const og_piece *piece, size_t event,
                                      double sigma);
/* The root of a guard near a place where it was, in a replayed step; the status is OG_ERR_GRAZING if
 * there is none. */
og_status OG_P(og_scan_again)(INTEGRATION *d, int lane, size_t event, double near, og_root *root);
/* Whether an event is due when its guard leaves `side`. */
int OG_P(og_scan_matches)(const INTEGRATION *d, size_t event, int side);
/* Whether one is due when its guard, which waits at zero, leaves it to `side`. */
int OG_P(og_scan_leaves)(const INTEGRATION *d, size_t event, const og_watched_guard *w, int side);

#undef INTEGRATION
