/*
 * base64 - octets from their text form, by the letter (RFC 4648 section 4).
 */
#ifndef MAIL_BASE64_H
#define MAIL_BASE64_H

#include <stddef.h>

/* Octets that so many characters can stand for at the most. */
#define BASE64_OCTETS(len) ((len) / 4 * 3)

/*
 * Decode text[0..len) into out, which has room for BASE64_OCTETS(len). 0 with *out_len, or -EINVAL:
 * a character outside the alphabet (white space, too), padding that is missing, superfluous or in
 * the middle, or bits in the last character that belong to no octet (RFC 4648 sections 3.3, 3.5).
 * Whoever decodes a secret wipes out himself, also after a failure.
 */
int base64_decode(const char *text, size_t len, char *out, size_t *out_len);

#endif
