/* Products of matrices by LSX. */
#include <lsxintrin.h>

typedef __m128d double_vector;
typedef __m128 single_vector;

#define NAME matrix_lsx
#define DOUBLES 2
#define SINGLES 4
#define LOAD_DOUBLE(from) ((__m128d)__lsx_vld((from), 0))
#define LOAD_SINGLE(from) ((__m128)__lsx_vld((from), 0))
#define STORE_DOUBLE(value, to) __lsx_vst((__m128i)(value), (to), 0)
#define STORE_SINGLE(value, to) __lsx_vst((__m128i)(value), (to), 0)
#define BROADCAST_DOUBLE(value) ((__m128d)__lsx_vldrepl_d(&(value), 0))
#define BROADCAST_SINGLE(value) ((__m128)__lsx_vldrepl_w(&(value), 0))
#define MADD_DOUBLE __lsx_vfmadd_d
#define MADD_SINGLE __lsx_vfmadd_s

#include "vector-matrix.h"
