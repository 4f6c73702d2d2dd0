#!/bin/bash
# Whether the Tollgate process of this container can do its work: `ready PORT` asks its /readyz. Without curl, which the
# image does not have.
exec 3<>"/dev/tcp/127.0.0.1/${1:-8080}" || exit 1
printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]
