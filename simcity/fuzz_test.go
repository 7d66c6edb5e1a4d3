package simcity_test

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bookiji/simcity/simcity"
)

// FuzzOffice finds nothing in the office that is mended; the test below asks for
// the other one.
func FuzzOffice(f *testing.F) {
	mended := os.Getenv("SIMCITY_TEST_UNMENDED") == ""
	simcity.Fuzz(f, seekers(mended).Until(4*time.Hour))
}

func TestFuzzerFindsTheRace(t *testing.T) {
	command := exec.Command(os.Args[0], "-test.run=^$", "-test.fuzz=^FuzzOffice$", "-test.fuzztime=30s", "-test.fuzzcachedir="+t.TempDir())
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "SIMCITY_TEST_UNMENDED=1")
	said, err := command.CombinedOutput()
	require.Error(t, err, string(said))
	require.Contains(t, string(said), "critical one_owner violated")
	require.Contains(t, string(said), "Failing input written to testdata/fuzz/FuzzOffice")
	require.Regexp(t, `repeat it:  go test .*-run '\^FuzzOffice\$'`, string(said))
	require.Contains(t, string(said), "(the input that decided is kept by go test)")
}

func TestFuzzersInputsHaveSeedsOfTheirOwn(t *testing.T) {
	for _, setting := range []string{"SIMCITY_SEED=5", "SIMCITY_SEEDS=5-7"} {
		command := exec.Command(os.Args[0], "-test.run=^FuzzOffice$", "-test.v")
		command.Env = append(os.Environ(), setting)
		said, err := command.CombinedOutput()
		require.NoError(t, err, string(said))
		for seed := range 4 {
			require.Contains(t, string(said), " seed="+strconv.Itoa(seed)+" ", setting)
		}
	}
}
