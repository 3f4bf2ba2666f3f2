/* The same as base/in_double.h, for float. */
#undef REAL
#undef OG_P
#define REAL float
#define OG_P(name) name##_s
