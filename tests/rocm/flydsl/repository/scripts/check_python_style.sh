#!/bin/sh
# Played formatter: trailing blanks go away.
test "$1" = --fix && sed -i 's/[ \t]*$//' kernels/*.py
exit 0
