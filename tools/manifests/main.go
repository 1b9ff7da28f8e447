// check kubernetes DIR… | check compose FILE…
// Holds the manifests of infra/ to the types and loaders of the programs that read them, without a
// cluster or an engine, and prints what they make as one JSON array.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 3 {
		fail("usage: check kubernetes DIR… | check compose FILE…")
	}
	objects := []json.RawMessage{}
	switch kind, paths := os.Args[1], os.Args[2:]; kind {
	case "kubernetes":
		for _, directory := range paths {
			built, err := kubernetes(directory)
			if err != nil {
				fail(directory, err)
			}
			objects = append(objects, built...)
		}
	case "compose":
		project, err := compose(paths)
		if err != nil {
			fail(paths, err)
		}
		objects = project
	default:
		fail("unknown kind", kind)
	}
	if err := json.NewEncoder(os.Stdout).Encode(objects); err != nil {
		fail(err)
	}
}

func fail(why ...any) {
	fmt.Fprintln(os.Stderr, why...)
	os.Exit(1)
}
