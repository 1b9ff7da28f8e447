// Compose files: loaded and validated by the library that Docker Compose itself uses. An unknown
// field, or a variable that must be set and is not, is an error.
package main

import (
	"context"
	"encoding/json"

	"github.com/compose-spec/compose-go/v2/cli"
)

// compose returns the one project that the files make together, with the variables of the
// environment.
func compose(files []string) ([]json.RawMessage, error) {
	options, err := cli.NewProjectOptions(
		files, cli.WithOsEnv, cli.WithInterpolation(true), cli.WithProfiles([]string{"*"}),
	)
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	document, err := project.MarshalJSON()
	return []json.RawMessage{document}, err
}
