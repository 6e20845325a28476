/* ascii.c - text for terminals without UTF-8. */
#include "ascii.h"
#include <string.h>
#include <wchar.h>

char vn_ascii_of(uint32_t c)
{
    static const struct { uint32_t from, to; char as; } run[] = {
        { 0xa0, 0xa0, ' ' }, { 0xb0, 0xb0, 'o' }, { 0xb1, 0xb1, '~' }, { 0xb2, 0xb2, '2' }, { 0xb3, 0xb3, '3' }, { 0xb5, 0xb5, 'u' },
        { 0xb7, 0xb7, '.' }, { 0xd7, 0xd7, 'x' }, { 0x3bc, 0x3bc, 'u' }, { 0x2010, 0x2015, '-' }, { 0x2018, 0x2019, '\'' },
        { 0x201c, 0x201d, '"' }, { 0x2022, 0x2022, '*' }, { 0x2026, 0x2026, '.' }, { 0x2190, 0x2190, '<' }, { 0x2191, 0x2191, '^' },
        { 0x2192, 0x2192, '>' }, { 0x2193, 0x2193, 'v' }, { 0x2212, 0x2212, '-' }, { 0x2248, 0x2248, '~' }, { 0x2264, 0x2264, '<' },
        { 0x2265, 0x2265, '>' }, { 0x2500, 0x2501, '-' }, { 0x2502, 0x2503, '|' }, { 0x2504, 0x2505, '-' }, { 0x2506, 0x2507, '|' },
        { 0x250c, 0x254b, '+' }, { 0x2550, 0x2550, '=' }, { 0x2551, 0x2551, '|' }, { 0x2552, 0x256c, '+' }, { 0x2580, 0x2590, '#' },
        { 0x2591, 0x2591, '.' }, { 0x2592, 0x2593, ':' }, { 0x2594, 0x259f, '#' }, { 0x25a0, 0x25ff, 'o' }, { 0x2800, 0x2800, ' ' },
        { 0x2801, 0x28ff, '*' },
    };
    if (c < 128)
        return (char)c;
    for (size_t i = 0; i < VN_COUNT(run); i++)
        if (c >= run[i].from && c <= run[i].to)
            return run[i].as;
    return '?';
}

void vn_ascii(const char *utf8, struct vn_str *b)
{
    mbstate_t state = { 0 };
    for (size_t n; *utf8; utf8 += n) {
        wchar_t c;
        n = mbrtowc(&c, utf8, strlen(utf8), &state);
        if (n == (size_t)-1 || n == (size_t)-2) {        /* not UTF-8: a byte is a column */
            state = (mbstate_t){ 0 };
            n = 1;
            c = (unsigned char)*utf8 < 128 ? *utf8 : 0xfffd;
        }
        const char one = vn_ascii_of((uint32_t)c);
        for (int w = c < 128 ? 1 : wcwidth(c); w > 0; w--)
            vn_str_addn(b, &one, 1);
    }
}
