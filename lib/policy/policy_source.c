/* policy_source - see policy_source.h. */
#include "policy/policy_source.h"

#include <arpa/inet.h>
#include <string.h>

bool policy_source_parse(const char *remote, unsigned char out[static POLICY_SOURCE_SIZE])
{
	struct in_addr in;
	struct in6_addr in6;

	memset(out, 0, POLICY_SOURCE_SIZE);
	if (inet_pton(AF_INET, remote, &in) == 1) {
		out[0] = 4;
		memcpy(out + 1, &in, sizeof(in));
	} else if (inet_pton(AF_INET6, remote, &in6) != 1) {
		return false;
	} else if (IN6_IS_ADDR_V4MAPPED(&in6)) {
		out[0] = 4;
		memcpy(out + 1, &in6.s6_addr[12], 4);
	} else {
		out[0] = 6;
		memcpy(out + 1, in6.s6_addr, 8);
	}
	return true;
}
