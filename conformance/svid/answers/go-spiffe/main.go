// What go-spiffe says to the X509-SVID vectors in a folder: JSON on stdout.
//
// It has two degrees of strictness: what it asks of a peer, and what it asks of an SVID that it loads.
package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

type vector struct {
	ID             string    `json:"id"`
	ValidationTime time.Time `json:"validation_time"`
	Bundles        map[string]struct {
		PEM  string          `json:"pem"`
		JWKS json.RawMessage `json:"jwks"`
	} `json:"bundles"`
	Leaf    string   `json:"leaf"`
	Chain   []string `json:"chain"`
	LeafKey string   `json:"leaf_key"`
}

type answer struct {
	Outcome string `json:"outcome"`
	Said    string `json:"said"`
}

const module = "github.com/spiffe/go-spiffe/v2"

// bundles is the vector's set; a domain whose bundle cannot be read is left out, and the error told.
func bundles(v vector) (*x509bundle.Set, error) {
	set := x509bundle.NewSet()
	var trouble error
	for name, source := range v.Bundles {
		domain, err := spiffeid.TrustDomainFromString(name)
		if err != nil {
			trouble = err
			continue
		}
		var bundle *x509bundle.Bundle
		if source.JWKS != nil {
			whole, err := spiffebundle.Parse(domain, source.JWKS)
			if err != nil {
				trouble = err
				continue
			}
			bundle = whole.X509Bundle()
		} else if bundle, err = x509bundle.Parse(domain, []byte(source.PEM)); err != nil {
			trouble = err
			continue
		}
		set.Add(bundle)
	}
	return set, trouble
}

func verify(v vector) (string, error) {
	set, trouble := bundles(v)
	var raw [][]byte
	for _, text := range append([]string{v.Leaf}, v.Chain...) {
		block, _ := pem.Decode([]byte(text))
		raw = append(raw, block.Bytes)
	}
	id, _, err := x509svid.ParseAndVerify(raw, set, x509svid.WithTime(v.ValidationTime))
	if err != nil && trouble != nil {
		err = fmt.Errorf("%w (%w)", err, trouble)
	}
	return id.String(), err
}

// parse is what a workload does with an SVID of its own, which go-spiffe holds to more rules, and then verify.
func parse(v vector) (string, error) {
	certificates := v.Leaf
	for _, text := range v.Chain {
		certificates += text
	}
	if _, err := x509svid.Parse([]byte(certificates), []byte(v.LeafKey)); err != nil {
		return "", err
	}
	return verify(v)
}

func tell(said string, err error) answer {
	if err != nil {
		return answer{"reject", err.Error()}
	}
	return answer{"accept", said}
}

type mode struct {
	how string
	ask func(vector) (string, error)
}

var modes = map[string]mode{
	"go-spiffe":       {"x509svid.ParseAndVerify", verify},
	"go-spiffe-parse": {"x509svid.Parse, then x509svid.ParseAndVerify", parse},
}

func run(name string, folder string) error {
	answers := map[string]answer{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".json" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var v vector
		if err := json.Unmarshal(text, &v); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		answers[v.ID] = tell(modes[name].ask(v))
		return nil
	})
	if err != nil {
		return err
	}
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == module {
				version = dependency.Version + " with " + info.GoVersion
			}
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(map[string]any{
		"verifier": name,
		"version":  version,
		"how":      modes[name].how,
		"answers":  answers,
	})
}

func main() {
	if len(os.Args) != 3 || modes[os.Args[1]].ask == nil {
		fmt.Fprintln(os.Stderr, "usage: go run . go-spiffe|go-spiffe-parse VECTORS")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "go-spiffe answers: error:", err)
		os.Exit(1)
	}
}
