/* spoolctl_text - see spoolctl_text.h. Trusts nothing in the text. */
#include "spoolctl_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <wchar.h>
#include <wctype.h>

/* Marks that no reader sees but that turn what he sees around (Unicode's Bidi_Control). */
static bool is_direction(wchar_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* How many octets make a character that may be shown; 0: the first one may not. */
static size_t shown(const char *text, size_t len)
{
	mbstate_t state = {0};
	wchar_t c;
	size_t used = mbrtowc(&c, text, len, &state);

	if (used == 0 || used > len) /* NUL, or the errors (size_t)-1 and -2 */
		return 0;
	return iswprint((wint_t)c) && !is_direction(c) ? used : 0;
}

static void put(FILE *out, const char *text, size_t len, const char *as_is)
{
	while (len > 0) {
		size_t used = shown(text, len);

		if (*text == '\\' && !strchr(as_is, '\\'))
			fputs("\\\\", out);
		else if (used > 0)
			fwrite(text, 1, used, out);
		else if (*text && strchr(as_is, *text))
			putc(*text, out);
		else
			fprintf(out, "\\x%02X", (unsigned char)*text);
		used = used > 0 ? used : 1;
		text += used;
		len -= used;
	}
}

void spoolctl_text_put(FILE *out, const char *text, size_t len)
{
	put(out, text, len, "");
}

void spoolctl_text_put_lines(FILE *out, const char *text, size_t len)
{
	put(out, text, len, "\n\t\\");
}

/* The length of the UTF-8 character (RFC 3629 section 4) at text; 0: there is none. */
static size_t utf8_length(const unsigned char *text, size_t len)
{
	size_t want = text[0] < 0x80   ? 1
		      : text[0] < 0xc2 ? 0
		      : text[0] < 0xe0 ? 2
		      : text[0] < 0xf0 ? 3
		      : text[0] < 0xf5 ? 4
				       : 0;

	if (want == 0 || want > len)
		return 0;
	for (size_t i = 1; i < want; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	if (want < 3)
		return want;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
		(text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return want;
}

json_t *spoolctl_text_json(const char *text, size_t len)
{
	char *clean = malloc(3 * len + 1);
	size_t out = 0;
	json_t *value;

	if (!clean)
		return NULL;
	while (len > 0) {
		size_t used = utf8_length((const unsigned char *)text, len);

		memcpy(clean + out, used > 0 ? text : "\xef\xbf\xbd", used > 0 ? used : 3);
		out += used > 0 ? used : 3;
		used = used > 0 ? used : 1;
		text += used;
		len -= used;
	}
	value = json_stringn(clean, out);
	free(clean);
	return value;
}

json_t *spoolctl_text_json_name(const char *name)
{
	return spoolctl_text_json(name, strlen(name));
}

int spoolctl_json_print(json_t *value)
{
	int rc = value ? json_dumpf(value, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) : -1;

	json_decref(value);
	if (rc == 0)
		putchar('\n');
	return rc == 0 && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}
