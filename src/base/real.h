/* The numerical core is written once against `real` and compiled twice: for double, and with OG_SINGLE for
 * float. OG_R(name) gives the name its suffix; names without it are shared by both builds. */
#ifndef OG_REAL_H
#define OG_REAL_H

#if defined(OG_SINGLE)
typedef float real;
#define OG_R(name) name##_s
#define OG_R_ISA2(name, isa) name##_##isa##_s
#else
typedef double real;
#define OG_R(name) name##_d
#define OG_R_ISA2(name, isa) name##_##isa##_d
#endif
/* In files that are compiled for each instruction set, the name gets that of the set (OG_ISA) as well. */
#define OG_R_ISA1(name, isa) OG_R_ISA2(name, isa)
#define OG_R_ISA(name) OG_R_ISA1(name, OG_ISA)

/* Lane blocks are [rows][lanes], a component's lanes contiguous. `lanes` is 1 or a multiple of OG_LANE_STEP,
 * and every block has room for its size rounded up to a multiple of OG_LANE_STEP, so that vector code needs
 * no tails and a lane's bits do not depend on the number of lanes. Blocks are aligned to 64 bytes. */
enum { OG_LANE_STEP = 16, OG_LANES_MAX = 64 };
#define OG_PADDED(count) (((count) + OG_LANE_STEP - 1) / OG_LANE_STEP * OG_LANE_STEP)
#define OG_ALIGNED(bytes) (((bytes) + 63) / 64 * 64)

#endif
