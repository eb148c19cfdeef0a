/* module - the one thing that tls.so exports; see io/tls_module.h. */
#include "io/tls_module.h"
#include "tls/engine.h"
#include "tls/link.h"

extern const struct tls_module pillarbox_tls;

__attribute__((visibility("default"))) const struct tls_module pillarbox_tls = {
	.version = TLS_MODULE_VERSION,
	.why_size = sizeof(struct why),
	.engine_new = engine_new,
	.engine_free = engine_free,
	.link_new = link_new,
	.link_free = link_free,
	.link_handshake = link_handshake,
	.link_bye = link_bye,
	.link_protocol = link_protocol,
	.link_cipher_suite = link_cipher_suite,
	.link_is_resumed = link_is_resumed,
	.transport = {link_read, link_write, link_wants_output},
};
