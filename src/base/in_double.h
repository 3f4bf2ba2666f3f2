/* Included before a header that is written once for both precisions: until base/in_single.h is, REAL is
 * double and OG_P(name) gives a name its suffix. Such a header has no include guard of its own; the one that
 * includes it, twice, has. */
#undef REAL
#undef OG_P
#define REAL double
#define OG_P(name) name##_d
