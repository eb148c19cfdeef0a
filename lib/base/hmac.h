/*
 * hmac - HMAC-SHA-512 (RFC 2104, RFC 6234): a name for octets that only who has the key can make.
 *
 * From one secret it makes keys for different uses (the message says the use), and table keys out
 * of which nobody reads what they stand for. Its result may be cut short.
 */
#ifndef BASE_HMAC_H
#define BASE_HMAC_H

#include <stddef.h>

#define HMAC_SIZE     64 /* octets of a result */
#define HMAC_KEY_SIZE 32 /* octets of a key, all of them random */

void hmac_make(const unsigned char key[static HMAC_KEY_SIZE], const void *message, size_t len,
	unsigned char out[static HMAC_SIZE]);

#endif
