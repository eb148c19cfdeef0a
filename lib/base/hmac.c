/*
 * hmac - see hmac.h. The hash itself is libmd's. Nothing of the key is left in memory.
 */
#include "base/hmac.h"

#include <sha2.h>
#include <string.h>

#define BLOCK SHA512_BLOCK_LENGTH

_Static_assert(HMAC_SIZE == SHA512_DIGEST_LENGTH && HMAC_KEY_SIZE <= BLOCK, "SHA-512");

/* RFC 2104 section 2: H(K xor pad, text). */
static void hash_padded(const unsigned char key[static HMAC_KEY_SIZE], unsigned char pad,
	const void *text, size_t len, unsigned char out[static HMAC_SIZE])
{
	unsigned char block[BLOCK] = {0};
	SHA2_CTX hash;

	memcpy(block, key, HMAC_KEY_SIZE);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= pad;
	SHA512Init(&hash);
	SHA512Update(&hash, block, sizeof(block));
	SHA512Update(&hash, text, len);
	SHA512Final(out, &hash);
	explicit_bzero(block, sizeof(block));
	explicit_bzero(&hash, sizeof(hash));
}

void hmac_make(const unsigned char key[static HMAC_KEY_SIZE], const void *message, size_t len,
	unsigned char out[static HMAC_SIZE])
{
	unsigned char inner[HMAC_SIZE];

	hash_padded(key, 0x36, message, len, inner);
	hash_padded(key, 0x5c, inner, sizeof(inner), out);
	explicit_bzero(inner, sizeof(inner));
}
