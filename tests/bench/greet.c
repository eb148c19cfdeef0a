/* greet - the least that a program per connection can do: print one line, wait for another, end. */
#include <unistd.h>

int main(void)
{
	static const char line[] = "220 mail.example.org ESMTP\r\n";
	char rest[512];

	if (write(1, line, sizeof(line) - 1) < 0)
		return 1;
	return read(0, rest, sizeof(rest)) < 0;
}
