/* Products of matrices by LASX. */
#include <lasxintrin.h>

typedef __m256d double_vector;
typedef __m256 single_vector;

#define NAME matrix_lasx
#define DOUBLES 4
#define SINGLES 8
#define LOAD_DOUBLE(from) ((__m256d)__lasx_xvld((from), 0))
#define LOAD_SINGLE(from) ((__m256)__lasx_xvld((from), 0))
#define STORE_DOUBLE(value, to) __lasx_xvst((__m256i)(value), (to), 0)
#define STORE_SINGLE(value, to) __lasx_xvst((__m256i)(value), (to), 0)
#define BROADCAST_DOUBLE(value) ((__m256d)__lasx_xvldrepl_d(&(value), 0))
#define BROADCAST_SINGLE(value) ((__m256)__lasx_xvldrepl_w(&(value), 0))
#define MADD_DOUBLE __lasx_xvfmadd_d
#define MADD_SINGLE __lasx_xvfmadd_s

#include "vector-matrix.h"
