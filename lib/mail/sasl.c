/*
 * sasl - see sasl.h. Trusts nothing of what the client sent.
 *
 * The decoded octets lie on the stack and are wiped on every way out; user and password are copied
 * only once all of the message is known to be good. Control characters are refused in both, as
 * SASLprep does (RFC 4013 section 2.3), so that neither can end a line somewhere else; NUL above
 * all, which would cut a name short for whoever takes it for a string.
 */
#include "mail/sasl.h"

#include "mail/base64.h"

#include <string.h>
#include <strings.h>

#define MESSAGE_MAX BASE64_OCTETS(SASL_LINE_MAX)

struct part {
	const char *at;
	size_t len;
};

typedef enum sasl_step step(struct sasl *sasl, const char *message, size_t len);

static bool has_control(const struct part *part)
{
	for (size_t i = 0; i < part->len; i++) {
		unsigned char c = (unsigned char)part->at[i];

		if (c < ' ' || c == 0x7f)
			return true;
	}
	return false;
}

/* Keep a part as a string. SASL_REFUSED, and nothing is kept, if it could not be right. */
static enum sasl_step keep(char *field, size_t size, const struct part *part)
{
	if (part->len >= size || has_control(part))
		return SASL_REFUSED;
	memcpy(field, part->at, part->len);
	field[part->len] = '\0';
	return SASL_DONE;
}

/* Cut the part in front of the next NUL off. False: there is no NUL. */
static bool cut(struct part *rest, struct part *out)
{
	const char *nul = memchr(rest->at, '\0', rest->len);

	if (!nul)
		return false;
	*out = (struct part){rest->at, (size_t)(nul - rest->at)};
	rest->at = nul + 1;
	rest->len -= out->len + 1;
	return true;
}

/* RFC 4616 section 2: [authzid] NUL authcid NUL passwd, neither of the latter two empty. */
static enum sasl_step take_plain(struct sasl *sasl, const char *message, size_t len)
{
	struct part password = {message, len};
	struct part authorize;
	struct part user;
	enum sasl_step kept;

	if (!cut(&password, &authorize) || !cut(&password, &user) || user.len == 0 ||
		password.len == 0 || memchr(password.at, '\0', password.len))
		return SASL_MALFORMED;
	kept = keep(sasl->user, sizeof(sasl->user), &user);
	if (kept == SASL_DONE && authorize.len > 0 &&
		(authorize.len != user.len || memcmp(authorize.at, user.at, user.len) != 0))
		kept = SASL_REFUSED; /* nobody acts for another */
	return kept == SASL_DONE ? keep(sasl->password, sizeof(sasl->password), &password) : kept;
}

/* What begins with the name, then wants the password. The challenges are "Username:" and
 * "Password:", which some clients look for. */
static enum sasl_step take_login(struct sasl *sasl, const char *message, size_t len)
{
	struct part part = {message, len};
	enum sasl_step kept;

	if (len == 0)
		return SASL_MALFORMED;
	if (*sasl->user)
		return keep(sasl->password, sizeof(sasl->password), &part);
	kept = keep(sasl->user, sizeof(sasl->user), &part);
	sasl->challenge = "UGFzc3dvcmQ6";
	return kept == SASL_DONE ? SASL_CHALLENGE : kept;
}

static const struct {
	const char *name;
	enum sasl_mechanism mechanism;
	const char *challenge; /* where there is no initial response */
	step *take;
} rows[] = {
	{"PLAIN", SASL_PLAIN, "", take_plain},
	{"LOGIN", SASL_LOGIN, "VXNlcm5hbWU6", take_login},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static size_t row_of_name(unsigned mechanisms, const char *name, size_t len)
{
	size_t row = 0;

	while (row < ROWS &&
		(!(rows[row].mechanism & mechanisms) || strlen(rows[row].name) != len ||
			strncasecmp(rows[row].name, name, len) != 0))
		row++;
	return row;
}

static size_t row_of(const struct sasl *sasl)
{
	size_t row = 0;

	while (row < ROWS && rows[row].mechanism != sasl->mechanism)
		row++;
	return row;
}

/* Take a message in base64 to its mechanism. Unless it goes on, only the name of who tried stays.
 */
static enum sasl_step take(struct sasl *sasl, const char *text, size_t len)
{
	char message[MESSAGE_MAX];
	size_t row = row_of(sasl);
	enum sasl_step next = SASL_MALFORMED;
	size_t message_len;

	if (row < ROWS && len <= SASL_LINE_MAX) {
		if (base64_decode(text, len, message, &message_len) == 0)
			next = rows[row].take(sasl, message, message_len);
		explicit_bzero(message, BASE64_OCTETS(len));
	}
	if (next != SASL_DONE)
		explicit_bzero(sasl->password, sizeof(sasl->password));
	return next;
}

enum sasl_step sasl_begin(struct sasl *sasl, unsigned mechanisms, const char *argument, size_t len)
{
	const char *space;
	size_t name_len;
	size_t row;

	memset(sasl, 0, sizeof(*sasl));
	while (len > 0 && argument[len - 1] == ' ') /* RFC 5321 section 4.1.1 */
		len--;
	space = memchr(argument, ' ', len);
	name_len = space ? (size_t)(space - argument) : len;
	row = row_of_name(mechanisms, argument, name_len);
	if (row == ROWS)
		return SASL_UNKNOWN;
	sasl->mechanism = rows[row].mechanism;
	sasl->challenge = rows[row].challenge;
	if (!space)
		return SASL_CHALLENGE;
	argument += name_len + 1;
	len -= name_len + 1;
	return take(sasl, argument, len == 1 && *argument == '=' ? 0 : len);
}

enum sasl_step sasl_continue(struct sasl *sasl, const char *line, size_t len)
{
	if (len == 1 && *line == '*')
		return SASL_CANCELLED;
	return take(sasl, line, len);
}

void sasl_done(struct sasl *sasl)
{
	explicit_bzero(sasl, sizeof(*sasl));
}
