/* Rooted trees up to a given order, with their densities: what order conditions are about (Butcher; Hairer,
 * Norsett & Wanner, Solving ODEs I, II.2). */
#ifndef OG_TEST_ROOTED_TREES_H
#define OG_TEST_ROOTED_TREES_H

enum { TREE_ORDER_MAX = 9, TREES_MAX = 512 }; /* 486 trees up to order 9: one beyond DOP853's order */

/* A tree is a smaller one (`base`) with one more branch (`branch`) at its root; the first is the lone root.
 */
typedef struct tree {
  int order, base, branch;
  long double density; /* gamma */
} tree;

typedef struct forest {
  int count;
  tree trees[TREES_MAX];
} forest;

static inline void graft(forest *f, int base, int branch) {
  const tree *u = &f->trees[base], *v = &f->trees[branch];
  int order = u->order + v->order;
  f->trees[f->count++] = (tree){order, base, branch, u->density * v->density * order / u->order};
}

/* Branches are grafted in ascending number, so that each tree comes once. */
static inline void grow(forest *f) {
  f->count = 0;
  f->trees[f->count++] = (tree){1, -1, -1, 1.0L};
  for (int order = 2; order <= TREE_ORDER_MAX; order++) {
    int known = f->count;
    for (int base = 0; base < known; base++)
      for (int branch = 0; branch < known; branch++)
        if (f->trees[base].order + f->trees[branch].order == order && f->trees[base].branch <= branch)
          graft(f, base, branch);
  }
}

#endif
