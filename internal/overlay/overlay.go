package overlay

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// EnvCache names a folder to write to instead of the user's cache folder.
const EnvCache = "SIMCITY_OVERLAY_CACHE"

// CacheDir is where overlays are kept: [EnvCache], or simcity/overlay below the
// user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv(EnvCache); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("simcity: no cache folder: %w; set %s to a folder that can be written", err, EnvCache)
	}
	return filepath.Join(dir, "simcity", "overlay"), nil
}

// Make writes the overlay for a toolchain below dir, unless it is there, and
// returns the path of its JSON file. Packages are the import path patterns of
// the host, separated by commas; empty leaves them to the run. Several processes
// may make the same overlay at once.
func Make(dir string, toolchain Toolchain, packages string) (string, error) {
	release, err := toolchain.release()
	if err != nil {
		return "", err
	}
	if err := toolchain.replaceable(); err != nil {
		return "", err
	}
	source := filepath.Join(toolchain.Root, "src")
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%s\n", toolchain.Version, toolchain.Root)
	files, err := apply(release, func(file string) (string, error) {
		text, err := os.ReadFile(filepath.Join(source, filepath.FromSlash(file)))
		if err != nil {
			return "", fmt.Errorf("simcity: the toolchain's sources: %w", err)
		}
		return string(text), nil
	}, packages)
	if err != nil {
		return "", err
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(hash, "%s %d\n", file, len(files[file]))
		_, _ = io.WriteString(hash, files[file]) // never fails
	}
	dir = filepath.Join(dir, hex.EncodeToString(hash.Sum(nil))[:20])
	var spec struct{ Replace map[string]string }
	spec.Replace = map[string]string{}
	for file, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(file))
		spec.Replace[filepath.Join(source, filepath.FromSlash(file))] = path
		if err := keep(path, text); err != nil {
			return "", err
		}
	}
	text, err := json.MarshalIndent(spec, "", "\t")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, keep(path, string(text)+"\n")
}

// keep makes a file hold text, whole or not at all for whoever reads it.
func keep(path, text string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = replace(path, text)
	}
	if err != nil {
		return fmt.Errorf("simcity: the overlay cannot be written: %w; set %s to a folder that can", err, EnvCache)
	}
	return nil
}

func replace(path, text string) error {
	draft, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.draft")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }() // gone already if all went well
	_, err = draft.WriteString(text)
	if closed := draft.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}
