/* key.c - 128-bit content keys, FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv, 128-bit parameters). */
#include "key.h"
#include <stdio.h>
#include <string.h>

/* h[0] holds the high half, so that the hexadecimal form reads like the published values. */
struct vn_key vn_key_start(void)
{
    return (struct vn_key){ { 0x6c62272e07bb0142u, 0x62b821756295c58du } };
}

struct vn_key vn_key_add(struct vn_key k, const void *p, size_t n)
{
    const unsigned char *b = p;
    unsigned __int128 h = ((unsigned __int128)k.h[0] << 64) | k.h[1];

    for (size_t i = 0; i < n; i++) {
        h ^= b[i];
        h = (h << 88) + h * 0x13b;      /* times the prime 2^88 + 0x13b */
    }
    k.h[0] = (uint64_t)(h >> 64);
    k.h[1] = (uint64_t)h;
    return k;
}

struct vn_key vn_key_str(struct vn_key k, const char *s)
{
    return vn_key_add(k, s, strlen(s) + 1);
}

bool vn_key_same(struct vn_key a, struct vn_key b)
{
    return a.h[0] == b.h[0] && a.h[1] == b.h[1];
}

void vn_key_hex(struct vn_key k, char out[33])
{
    snprintf(out, 33, "%016llx%016llx", (unsigned long long)k.h[0], (unsigned long long)k.h[1]);
}
