/* Scalar operations one after another on full rows of OG_LANES_MAX lanes, in one call. */
#ifndef OG_STRAIGHT_H
#define OG_STRAIGHT_H

enum {
  OG_ST_ADD,
  OG_ST_SUB,
  OG_ST_MUL,
  OG_ST_DIV,
  OG_ST_NEG,
  OG_ST_SQRT,
  OG_ST_COPY,
  OG_ST_MULADD, /* a b + c, rounded twice, as all of these are */
  OG_ST_MULSUB, /* a b - c */
  OG_ST_SUBMUL  /* c - a b */
};

/* Result and operands a, b, c: row `row` of base `base`. */
typedef struct og_straight {
  int op;
  int base[4], row[4];
} og_straight;

#endif
