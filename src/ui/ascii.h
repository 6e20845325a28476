/* ascii.h - text for terminals without UTF-8: as many columns, every character one of ASCII. */
#ifndef VN_ASCII_H
#define VN_ASCII_H
#include "text.h"

/* Signs become what looks like them, letters with marks and what is not known '?'. Appended to b. */
void vn_ascii(const char *utf8, struct vn_str *b);
char vn_ascii_of(uint32_t c);
#endif
