/* key.h - 128-bit content keys: FNV-1a (Fowler, Noll, Vo; 128-bit prime 2^88 + 0x13b) over bytes. */
#ifndef VN_KEY_H
#define VN_KEY_H
#include "base.h"

struct vn_key { uint64_t h[2]; };

struct vn_key vn_key_start(void);
struct vn_key vn_key_add(struct vn_key k, const void *p, size_t n);
struct vn_key vn_key_str(struct vn_key k, const char *s);     /* with its terminator, so that "ab","c" != "a","bc" */
bool vn_key_same(struct vn_key a, struct vn_key b);
void vn_key_hex(struct vn_key k, char out[33]);
#endif
