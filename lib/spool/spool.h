/*
 * spool - deliver into a Unix mailbox and read it, together with everybody else who does.
 *
 * This is libspool's whole public interface; spool(3) explains it with an example. It never logs,
 * never exits, starts no process and touches nothing but the mailbox, its locks and its files under
 * `state` and `cache` (and spool_repair() the file that it makes beside the mailbox). Functions
 * return 0 or -errno and fill *why (base/why_plain.h; may be NULL; untouched on success) with what
 * a mail session or a person needs. One process uses one struct spool at a time; any number of
 * processes may use one mailbox.
 *
 * Promises: when spool_deliver() returns 0 the message is on disk, whole and once; when it fails,
 * the mailbox is as before (one exception: a failing fsync may leave the message there,
 * unpromised).
 * When spool_update() returns 0 exactly the named messages are gone, on disk. A process that is
 * killed at any instruction in between loses nothing: the next one to open the mailbox through this
 * library mends it.
 *
 * A mailbox is an mbox file or a Maildir: the location says which. All of this holds for both.
 *
 * Messages are octets. A mailbox holds lines that end in LF (CRLF is read, too);
 * spool_message.octets counts what a POP3 session sends: each line end as CRLF (RFC 1939 section
 * 11).
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include "base/why_plain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What the mailbox's owner may lack the rights to do in a spool folder such as /var/mail (2775
 * root:mail), done by somebody else for this one mailbox. All may be NULL: then the library does it
 * itself, and where it may not (EACCES) goes on with the kernel's lock alone, once nobody else has
 * the dotlock.
 * Each returns 0 or -errno; -EEXIST from take: somebody holds it.
 */
struct spool_helper {
	int (*dotlock_take)(void *context);
	int (*dotlock_release)(void *context);
	/* Create it, empty, owned by the user: an mbox with mode 0600 or 0660; of a Maildir the
	 * folder alone, mode 0700. */
	int (*mailbox_create)(void *context);
	void *context;
};

/*
 * What spool_message.uidl is: a hash of the message's header; or, for mailboxes that another server
 * had before, what popa3d made of it, the number that Dovecot or UW-IMAP gave it (X-UID), the id
 * that qpopper or mailutils wrote into it (X-UIDL). Those that have none there have the hash. See
 * spool(3).
 */
enum spool_uidl {
	SPOOL_UIDL_HASH,
	SPOOL_UIDL_POPA3D,
	SPOOL_UIDL_DOVECOT,
	SPOOL_UIDL_X_UIDL,
};

/*
 * A mailbox and how to use it. The strings belong to the caller and outlive the struct spool.
 * A Maildir has no index and no locks, and its unique-ids are in the names of its files: `cache`,
 * `uidl` and `lock_seconds` mean nothing to it.
 */
struct spool_place {
	/* "mbox:/absolute/path" or "maildir:/absolute/path", without a "/" at the end */
	const char *location;
	const char *state; /* folder of this owner's for journals and session locks; must exist */
	const char *cache; /* folder of this owner's for indexes; NULL: none is kept */
	enum spool_uidl uidl;
	uid_t owner;                       /* who must own the mailbox; normally geteuid() */
	unsigned lock_seconds;             /* how long to wait for others' locks; 0: try once */
	const struct spool_helper *helper; /* NULL: none */
	bool keeps_new; /* a Maildir's messages that are read stay in `new`: nobody has got them */
	/* What a person should see in a log (a journal that was put aside, with its name), though
	 * the call goes on; NULL: nobody wants to know. */
	void (*note)(void *context, const char *text);
	void *note_context;
};

/* What is written in front of a message on delivery. */
struct spool_envelope {
	/* Reverse-path without <>; "" is the null reverse-path (RFC 5321 section 4.5.5). */
	const char *sender;
	const char *recipient; /* for Delivered-To; NULL: leave the field out */
	time_t when;           /* for the From_ line */
};

/*
 * Append the message in fd (a regular file or memfd, from offset 0 to its end; LF or CRLF line
 * ends) to the mailbox, creating it if need be. Return-Path and Delivered-To are added; the
 * metadata fields Status, X-Status, X-UID, X-UIDL, X-IMAP*, X-Keywords are dropped from the header;
 * in an mbox "From " lines are quoted (mboxrd). Returns when it is on disk. WHY_TEMP 4.2.2:
 * quota; 4.3.1: disk full; 4.2.1: locked by others for too long; 4.3.0: other trouble, among it an
 * mbox that is not a regular file of `owner`'s with one link, or that does not begin with a From_
 * line, and a Maildir that is not a folder of `owner`'s. -EINVAL: a pipe, say.
 */
int spool_deliver(const struct spool_place *place, const struct spool_envelope *envelope, int fd,
	struct why *why);

#define SPOOL_UIDL_SIZE 72 /* with its NUL; RFC 1939 section 7 */

struct spool_message {
	uint64_t octets; /* as sent by POP3, before dot-stuffing */
	char uidl[SPOOL_UIDL_SIZE];
};

enum spool_form { SPOOL_FORM_PLAIN, SPOOL_FORM_MBOXRD };

/* The file as it was when the message was known to lie there: what fstat() tells of fd is the same
 * as long as nobody has written to it. */
struct spool_stamp {
	uint64_t inode;
	uint64_t size;
	int64_t mtime_ns;
	int64_t ctime_ns;
};

/* Where a message lies: length octets at offset of fd. As SPOOL_FORM_MBOXRD each line of it that
 * begins with ">From ", ">>From " and so on has one ">" too many. Who wants the message and not the
 * file calls spool_read(). */
struct spool_extent {
	int fd; /* read-only; the caller's to close */
	uint64_t offset;
	uint64_t length;
	enum spool_form form;
	uint64_t octets; /* as in struct spool_message, but of the message as it is now */
	struct spool_stamp stamp;
};

struct spool;

/*
 * Take the mailbox's session lock (not the mailbox's own: deliveries go on) and list its messages.
 * A mailbox that does not exist is an empty one. *out is NULL on failure. WHY_INUSE (-EBUSY):
 * another session has it. WHY_PERM (-EBADMSG): not an mbox; it is not changed. What another session
 * has left half removed is removed first.
 */
int spool_open(struct spool **out, const struct spool_place *place, struct why *why);

size_t spool_count(const struct spool *spool);

/* Of all messages together, as POP3 sends them (RFC 1939 section 5, STAT). This and their count are
 * known at once; the first spool_message() may have to make the list. */
uint64_t spool_octets(const struct spool *spool);

/* Message number n, from 0; valid until spool_close(). Numbers never shift while the spool is open.
 */
const struct spool_message *spool_message(const struct spool *spool, size_t n);

/* Where message n lies now. If others have changed the mailbox meanwhile it is looked for by its
 * UIDL; -ESTALE (WHY_TEMP) when it is gone. */
int spool_fetch(struct spool *spool, size_t n, struct spool_extent *extent, struct why *why);

/*
 * The same for message n and those that follow it, as long as they lie in the same file and where
 * they lie is known as surely: *count extents, at least one and at most max (from 1 on), all with
 * one fd, extents[0].fd. Where there is more than one, they hold until fstat() of it tells
 * something else than the stamp, so long as that may be; a single one is to be used at once.
 */
int spool_fetch_run(struct spool *spool, size_t n, struct spool_extent *extents, size_t max,
	size_t *count, struct why *why);

/*
 * Message n as it was delivered, in pieces of at most 16 KiB: take() gets one after the other and
 * returns 0, or -errno to end the reading. Line ends are those of the file. No lock is held, so
 * take() may take its time. -ESTALE (WHY_TEMP): the message is gone, or others have changed the
 * mailbox while it was read; what take() got is then not to be trusted. Or what take() returned.
 */
int spool_read(struct spool *spool, size_t n,
	int (*take)(void *context, const char *octets, size_t len), void *context, struct why *why);

/*
 * Remove, all or nothing, the messages whose bit is set (message n: bitmap[n / 8] & 1 << n % 8;
 * bits from spool_count() on must be 0). What arrived since spool_open() stays. A message that
 * others have removed meanwhile counts as removed. On failure nothing is removed, or the removal is
 * finished by whoever opens the mailbox next.
 */
int spool_update(struct spool *spool, const unsigned char *bitmap, struct why *why);

/* What spool_inspect() finds. */
enum spool_finding_kind {
	/* Damage in an mbox: */
	SPOOL_FINDING_NO_FROM, /* the mailbox does not begin with a From_ line */
	SPOOL_FINDING_NUL,     /* NUL octets in a row: what a crash leaves where data never came */
	SPOOL_FINDING_GLUED,   /* a From_ line with a header behind it and no empty line in front */
	SPOOL_FINDING_CUT,     /* the last line has no end */
	/* Suspicious, or worth to know: */
	SPOOL_FINDING_NO_DATE, /* as if a message began, but its From_ line has no date: some
				  programs see two messages here, libspool sees one */
	SPOOL_FINDING_CRLF, /* of the mailbox's lines some end in CRLF, some in LF: the first that
			       differs from the one before */
	SPOOL_FINDING_UNFINISHED, /* a removal, delivery or repair was cut off: spool_open() mends
				     that */
	SPOOL_FINDING_STALE_LOCK, /* a dotlock that nobody holds any more */
	/* Damage in a Maildir, where NULs are some, too: */
	SPOOL_FINDING_SIZE,    /* the name tells another size than the file has */
	SPOOL_FINDING_EMPTY,   /* no octet is in it: what a crash leaves of a file not yet synced */
	SPOOL_FINDING_FOREIGN, /* the file is not the owner's, and is not shown */
	SPOOL_FINDING_UNREADABLE, /* it can't be opened, or read */
	/* Suspicious there: */
	SPOOL_FINDING_NO_HEADER, /* it does not begin with a field */
	SPOOL_FINDING_TWIN,      /* a second file of the same base name */
	SPOOL_FINDING_STRANGE,   /* a folder, link, FIFO or device */
	SPOOL_FINDING_STALE_TMP, /* nobody has written to it for 36 hours: spool_open() removes it
				  */
	SPOOL_FINDING_NO_FOLDER, /* new, cur or tmp is missing: spool_open() makes it */
};

/* What spool_repair() does about it. */
enum spool_mending {
	SPOOL_MENDING_NONE,       /* nothing: it stays */
	SPOOL_MENDING_TAKEN_OUT,  /* the octets go to the file beside */
	SPOOL_MENDING_FROM_LINE,  /* a From_ line is put in front: a header is there already */
	SPOOL_MENDING_EMPTY_LINE, /* put in front of the From_ line */
	SPOOL_MENDING_LINE_END,   /* put at the end, and an empty line */
	SPOOL_MENDING_BY_OPENING, /* by that it takes the mailbox's locks */
	SPOOL_MENDING_RENAMED,    /* the file gets a name that is right */
};

/*
 * Where NULs are, lines are read as if they were not there; what they are is a finding of its own.
 * Lines and offsets are those of the file as it is, of spool_repair() as it was.
 */
struct spool_finding {
	enum spool_finding_kind kind;
	bool is_damage;
	uint64_t offset; /* where its line begins; for NUL: the first of them */
	uint64_t line;   /* that line's number, from 1; 0: it is about no line */
	uint64_t length; /* octets; 0: it has no length */
	enum spool_mending mending;
	const char *file;    /* of a Maildir, which has neither lines nor offsets: "new/NAME" */
	const char *renamed; /* "new/NAME"; NULL: it keeps its name */
};

enum spool_index { SPOOL_INDEX_NONE, SPOOL_INDEX_OLD, SPOOL_INDEX_CURRENT };

struct spool_report {
	bool exists;       /* or else all the rest is 0 */
	uint64_t size;     /* of the mailbox, in octets */
	uint64_t lines;    /* all of its lines */
	uint64_t begins;   /* From_ lines where messages begin, as libspool sees them */
	uint64_t padding;  /* octets that removals could not cut out of the file */
	bool is_dotlocked; /* by whoever, and not stale */
	enum spool_index index;
	uint64_t damages; /* findings that are */
	uint64_t others;
	uint64_t mended; /* of the damages: what spool_repair() mends, or has mended */

	/* Of a Maildir; `lines`, `padding`, `is_dotlocked` and `index` are 0 there, `begins` are
	 * the messages and `size` their octets: */
	bool is_maildir;
	uint64_t in_new; /* of the messages */
	uint64_t in_tmp; /* files that are being delivered, or never will be */
	time_t oldest;   /* of the messages, as their names tell, or else their files; 0: none */
	time_t newest;
};

/* All may be NULL. */
struct spool_inspector {
	void (*found)(void *context, const struct spool_finding *finding);
	/* Now and then; what is done in several rounds begins again. */
	void (*progress)(void *context, uint64_t done, uint64_t size);
	/* spool_repair(): octets were taken out, and this file has them. */
	void (*beside)(void *context, const char *path);
	void *context;
};

/*
 * Read the mailbox line by line and tell what is damaged or suspicious, in the order of the file,
 * then what is about no line; and what spool_repair() would do about it. Nothing is changed, mended
 * or created, and place->state need not exist; no session lock is taken, but the kernel's lock for
 * reading, so that nobody delivers meanwhile. Of a Maildir, which knows no locks, each file is
 * read; one that others rename meanwhile may be missed. 0 whatever was found. WHY_TEMP: 4.2.1:
 * locked by others for too long; -ESTALE: somebody has written to the mbox without that lock, and
 * what was told may be wrong.
 */
int spool_inspect(const struct spool_place *place, const struct spool_inspector *inspector,
	struct spool_report *report, struct why *why);

/*
 * Mend what spool_inspect() calls damage, under all of the mailbox's locks, and tell what was found
 * and done. Nothing is dropped: what has no place in the mailbox is put into a new file beside it,
 * "MAILBOX.damaged" or ".damaged.2" and so on, or "NAME.damaged" under place->state where the owner
 * may not make files; it is on disk before the mailbox is touched. Its lines say which octets of
 * the old mailbox were taken out, those that are not zeros behind each line, and what was added, so
 * that the old mailbox can be made again (see spool(3)). A process that is killed leaves the
 * mailbox as it was, or to be finished by whoever opens it next. In a Maildir no file is removed or
 * written to: those whose names tell wrong sizes get new names, which are unique-ids, too.
 *
 * 0 whatever stays (report->damages - report->mended). Nothing is told on failure, and the mailbox
 * is as it was, or the repair is finished by whoever opens it next. WHY_INUSE (-EBUSY): a session
 * has it; WHY_TEMP, 4.3.1: the disk has no room for what must be kept meanwhile (all from the first
 * damage on); and what spool_deliver() and spool_open() say of locks.
 */
int spool_repair(const struct spool_place *place, const struct spool_inspector *inspector,
	struct spool_report *report, struct why *why);

/* All may be NULL or 0. */
struct spool_converter {
	bool merges; /* the destination may have messages of its own */
	void (*progress)(void *context, uint64_t done, uint64_t size); /* now and then */
	void *context;
};

/* Counts of messages, but for octets. */
struct spool_conversion {
	uint64_t messages;  /* of the source: all that are or were in the destination */
	uint64_t octets;    /* theirs, as POP3 sends them from the source */
	uint64_t converted; /* of them: by this call */
	uint64_t removed;   /* brought in by an earlier one, and gone from the destination since */
	uint64_t changed;   /* with other metadata fields in their headers than in the source */
	uint64_t renamed;   /* with another unique-id */
	uint64_t arrived;   /* came into the source meanwhile: not converted */
};

/*
 * Bring all messages of one mailbox into another one of the other kind, which is made if there is
 * none: in their order, octet for octet, with flags, dates and unique-ids as far as the other kind
 * can hold them. The source is not changed. When it returns 0 both have been read again and
 * compared. When it fails, or the process is killed, what has come over stays; the next call goes
 * on, and brings in no message twice. Later calls bring in what has come since, and nothing that
 * was removed from the destination meanwhile. Both session locks are held; deliveries into both may
 * go on. Both places have one owner and one `state`. -ENOENT: there is no source; -EEXIST: the
 * destination has messages, and not from there; -EOPNOTSUPP: both are of one kind; -ENODATA: a
 * message is missing in the destination; -EBUSY and others as spool_open() and
 * spool_deliver().
 */
int spool_convert(const struct spool_place *from, const struct spool_place *to,
	const struct spool_converter *converter, struct spool_conversion *done, struct why *why);

/* Release locks and memory; NULLs the caller's pointer. Removes nothing from the mailbox. Messages
 * of a Maildir that were fetched or read and still are in `new` go to `cur`. */
void spool_close(struct spool **spool);

#ifdef __cplusplus
}
#endif

#endif
