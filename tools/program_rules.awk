# Make rules for small C programs, each one file with a `main` that says itself what else it is made of. Lines of a comment at
# the beginning of a line, each of which may stand several times:
#
#   sources: common/elf.c common/tar.c     compiled and linked with it
#   state: user/servers/pm/table.c         likewise, and each store calls a function first (user/lib/state_stores.h)
#   includes: kernel                       folders to look for headers in, besides the tree's root
#   flags: -DSOMETHING                     for the compiler, this program only
#   libraries: -lzstd                      for the linker
#   needs: build/gen/x.h                   files to be made first
#
# usage: awk -v output=FOLDER -v compile=VARIABLE -v link=VARIABLE -v stores=VARIABLE -v rules=MAKEFILES -f program_rules.awk FILE...
# FOLDER gets a program per file; the variables name the commands, to which options are added, and the options for sources with state;
# MAKEFILES are those that set them.

function words(key) {
	gsub(/\*+\/.*/, "")
	sub(/^[\/ \t]*\*+[ \t]*[a-z]+:[ \t]*/, "")
	value[key] = value[key] " " $0
}

function rule(    count, list, i, name, flags, object, objects, folder, stateless) {
	if (file == "")
		return
	name = file
	sub(/.*\//, "", name)
	sub(/\.c$/, "", name)
	flags = value["flags"]
	count = split(value["includes"], list, " ")
	for (i = 1; i <= count; i++)
		flags = flags " -I" list[i]
	stateless = split(file " " value["sources"], list, " ")
	count = split(file " " value["sources"] " " value["state"], list, " ")
	for (i = 1; i <= count; i++) {
		object = output "/objects/" name "/" list[i]
		sub(/\.[cS]$/, ".o", object)
		folder = object
		sub(/\/[^\/]*$/, "", folder)
		objects = objects " " object
		printf "%s: %s %s%s\n", object, list[i], rules, value["needs"] ? " |" value["needs"] : ""
		printf "\t@mkdir -p %s\n\t$(%s)%s%s -MMD -MP -c -o $@ $<\n", folder, compile, flags, (i > stateless ? " $(" stores ")" : "")
	}
	printf "%s/%s:%s\n\t$(%s) -o $@ $^%s\n\n", output, name, objects, link, value["libraries"]
	split("", value)
}

FNR == 1 { rule(); file = FILENAME }
/^[\/ \t]*\*+[ \t]*sources:/ { words("sources") }
/^[\/ \t]*\*+[ \t]*state:/ { words("state") }
/^[\/ \t]*\*+[ \t]*includes:/ { words("includes") }
/^[\/ \t]*\*+[ \t]*flags:/ { words("flags") }
/^[\/ \t]*\*+[ \t]*libraries:/ { words("libraries") }
/^[\/ \t]*\*+[ \t]*needs:/ { words("needs") }
END { rule() }
