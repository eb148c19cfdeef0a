/* smtp_mail - MAIL: a transaction begins (RFC 5321 4.1.1.2). */
#include "base/num.h"
#include "smtp_session.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

void smtp_say_path_error(struct smtp_session *session, int err, const char *detail)
{
	char status[8] = "5.1.3";

	status[4] = *detail;
	if (err == -E2BIG) /* RFC 5321 4.5.3.1.9 */
		smtp_say(session, 501, status, "The address is too long");
	else if (err == -EILSEQ) /* RFC 6531 3.5: without SMTPUTF8 */
		smtp_say(session, 553, "5.6.7", "An address with 8-bit characters needs SMTPUTF8");
	else
		smtp_say(session, 501, status,
			"That is not an address: <local-part@domain> is wanted");
}

/* "FROM:" or "TO:", and the spaces that many clients put behind it though the grammar has none. */
size_t smtp_skip_keyword(const char *argument, size_t len, const char *keyword)
{
	size_t at = strlen(keyword);

	if (len < at || strncasecmp(argument, keyword, at) != 0)
		return 0;
	while (at < len && argument[at] == ' ')
		at++;
	return at;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return text && strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* RFC 1870 section 6.1: a size that is too large is refused here, before anything is sent. */
static bool take_size(struct smtp_session *session, const struct path_param *param)
{
	uint64_t size;
	int err = param->value ? num_parse(param->value, param->value_len, UINT64_MAX, &size)
			       : -EINVAL;

	if (err == -EINVAL || param->value_len > 20) {
		smtp_say(session, 501, "5.5.4", "SIZE needs a number of at most 20 digits");
		return false;
	}
	if (err == -ERANGE || size > session->link.conf->max_message_size) {
		smtp_say(session, 552, "5.3.4", "A message may have %llu octets at the most",
			(unsigned long long)session->link.conf->max_message_size);
		return false;
	}
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* xtext (RFC 3461 section 4) of printable characters, and no others in disguise. */
static bool is_xtext(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)text[i];

		if (c == '+') {
			int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
			int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = high << 4 | low;
			i += 2;
		} else if (c == '=') {
			return false;
		}
		if (c < '!' || c > '~')
			return false;
	}
	return len > 0;
}

/* RFC 4954 section 5: who submitted the message, says the client. Nobody here trusts it, so the
 * message is one of unknown origin, whatever it says. */
static bool take_auth(struct smtp_session *session, const struct path_param *param)
{
	if (param->value && is_xtext(param->value, param->value_len))
		return true;
	smtp_say(session, 501, "5.5.4", "AUTH needs a mailbox in xtext, or <>");
	return false;
}

static bool take_param(struct smtp_session *session, const struct path_param *param)
{
	if (is_word(param->keyword, param->keyword_len, "SIZE"))
		return take_size(session, param);
	if (is_word(param->keyword, param->keyword_len, "AUTH"))
		return take_auth(session, param);
	if (is_word(param->keyword, param->keyword_len, "BODY")) { /* RFC 6152 section 2 */
		if (is_word(param->value, param->value_len, "7BIT") ||
			is_word(param->value, param->value_len, "8BITMIME"))
			return true;
		smtp_say(session, 501, "5.5.4", "BODY is 7BIT or 8BITMIME");
		return false;
	}
	smtp_say(session, 555, "5.5.4", "Unknown parameter"); /* RFC 5321 4.1.1.11 */
	return false;
}

static bool take_params(struct smtp_session *session, const char *at, const char *end)
{
	struct path_param param;
	int found;

	if (at < end && *at != ' ') {
		smtp_say(session, 501, "5.5.4", "Something follows the address");
		return false;
	}
	while ((found = path_param_next(&at, end, &param)) > 0) {
		if (!take_param(session, &param))
			return false;
	}
	if (found < 0)
		smtp_say(session, 501, "5.5.4", "The parameters can't be read");
	return found == 0;
}

int smtp_mail(void *context, const char *argument, size_t len)
{
	struct smtp_session *session = context;
	struct path path;
	size_t at = smtp_skip_keyword(argument, len, "FROM:");
	size_t used;
	int err;

	if (at == 0) {
		smtp_say(session, 501, "5.5.4", "Syntax: MAIL FROM:<reverse-path>");
		return SMTP_GO_ON;
	}
	err = path_parse(argument + at, len - at, &path, &used);
	if (err < 0) {
		smtp_say_path_error(session, err, "7"); /* 5.1.7: bad sender's address */
		return SMTP_GO_ON;
	}
	if (!take_params(session, argument + at + used, argument + len))
		return SMTP_GO_ON;
	if (session->transactions >= session->link.conf->limits.transactions) {
		session->ending = "too many transactions";
		smtp_say(session, 421, "4.7.0",
			"Too many messages on one connection; connect again");
		return SMTP_CLOSE;
	}
	session->transactions++;
	session->transaction.sender = path;
	id_make(session->transaction.id);
	session->state = SMTP_SENDER;
	smtp_say(session, 250, "2.1.0", "Sender ok");
	return SMTP_GO_ON;
}
