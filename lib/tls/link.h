/* link - one connection's TLS; for what the functions do see struct tls_module. */
#ifndef TLS_LINK_H
#define TLS_LINK_H

#include "io/tls_module.h"

int link_new(struct tls_engine *engine, int in, int out, const unsigned char *ticket_key,
	struct tls_link **out_link, struct why *why);
void link_free(struct tls_link **link);
int link_handshake(struct tls_link *link, struct why *why);
int link_bye(struct tls_link *link);
const char *link_protocol(const struct tls_link *link);
const char *link_cipher_suite(const struct tls_link *link);
bool link_is_resumed(const struct tls_link *link);

/* The transport; the context is the link. */
ssize_t link_read(void *context, void *data, size_t len);
ssize_t link_write(void *context, const void *data, size_t len);
bool link_wants_output(void *context);

#endif
