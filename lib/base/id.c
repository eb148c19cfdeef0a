/* id - see id.h. */
#include "base/id.h"

#include <stdint.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static char *put_base32(char *at, uint64_t value, int digits)
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford's */

	for (int i = digits - 1; i >= 0; i--) {
		at[i] = alphabet[value % 32];
		value /= 32;
	}
	return at + digits;
}

void id_make(char out[static ID_SIZE])
{
	struct timespec now;
	uint64_t dice;
	char *at = out;

	clock_gettime(CLOCK_REALTIME, &now);
	if (getrandom(&dice, sizeof(dice), 0) != (ssize_t)sizeof(dice))
		dice = ((uint64_t)getpid() << 32) ^ (uint64_t)now.tv_nsec;
	at = put_base32(at, (uint64_t)now.tv_sec, 7);
	at = put_base32(at, dice, 12);
	*at = '\0';
}
