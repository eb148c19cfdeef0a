/* base64 - see base64.h. Takes any octets; keeps nothing. */
#include "mail/base64.h"

#include <errno.h>
#include <string.h>

/* The six bits that a character stands for, or -1. NUL is none: strchr() would find it. */
static int value_of(char c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* Four characters with `padding` many '=' at their end: 3 - padding octets. 0 or -EINVAL. */
static int decode_group(const char text[static 4], size_t padding, char out[static 3])
{
	unsigned bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < 4 - padding ? value_of(text[i]) : 0;

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (unsigned)value;
	}
	if (bits & ((1U << 8 * padding) - 1))
		return -EINVAL;
	for (size_t i = 0; i < 3 - padding; i++)
		out[i] = (char)(bits >> (16 - 8 * i) & 0xff);
	return 0;
}

int base64_decode(const char *text, size_t len, char *out, size_t *out_len)
{
	size_t padding = 0;

	if (len % 4 != 0)
		return -EINVAL;
	while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
		padding++;
	for (size_t at = 0; at < len; at += 4) {
		int err = decode_group(text + at, at + 4 == len ? padding : 0, out + at / 4 * 3);

		if (err < 0)
			return err;
	}
	*out_len = BASE64_OCTETS(len) - padding;
	return 0;
}
