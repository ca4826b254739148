package catalogues_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"esoz/internal/resource/catalogues"
	"esoz/internal/sandbox/world"
	"esoz/internal/testkit"
)

// BenchmarkServices asks a server with 20,000 services in 1,000 groups, one caller at a
// time, and reports the slowest of a hundred answers.
func BenchmarkServices(b *testing.B) {
	s := testkit.New(b, testkit.Idle())
	var services, groups, inclusions strings.Builder
	services.WriteString("code,name,category\n")
	groups.WriteString("code,name,parent_code\n")
	inclusions.WriteString("service_code,service_group_code\n")
	for g := range 1000 {
		parent := "" // every twentieth group is a root, with the nineteen after it below it
		if g%20 > 0 {
			parent = fmt.Sprintf("G%05d", g-g%20)
		}
		fmt.Fprintf(&groups, "G%05d,Група медичних послуг номер %d,%s\n", g, g, parent)
		for i := range 20 {
			code := fmt.Sprintf("%05d-%02d", g, i)
			name := "Ультразвукове дослідження"
			if i == 0 {
				name = "Черезшкірне дренування"
			}
			fmt.Fprintf(&services, "%s,\"%s органу номер %d, з внутрішньовенним контрастуванням\",imaging\n", code, name, g*20+i)
			fmt.Fprintf(&inclusions, "%s,G%05d\n", code, g)
		}
	}
	for _, file := range []struct{ table, text string }{
		{catalogues.ServicesTable, services.String()}, {catalogues.ServiceGroupsTable, groups.String()}, {catalogues.ServiceInclusionsTable, inclusions.String()},
	} {
		report, err := catalogues.Import(b.Context(), s.Pool, file.table, strings.NewReader(file.text), s.Clock.Now(), world.SystemUser)
		require.NoError(b, err, "%v", report.Bad)
	}
	begun := time.Now()
	require.NoError(b, s.Services.Refresh(b.Context()))
	b.Logf("loaded in %s", time.Since(begun))
	for _, c := range []struct{ name, query string }{
		{"code", "code=00500-07"},
		{"group", "code=G00500"},
		{"name of one", "name=%D0%BE%D1%80%D0%B3%D0%B0%D0%BD%D1%83+%D0%BD%D0%BE%D0%BC%D0%B5%D1%80+12345"},
		{"name of a thousand", "name=%D0%B4%D1%80%D0%B5%D0%BD%D1%83%D0%B2%D0%B0%D0%BD%D0%BD%D1%8F"},
		{"name of all but these", "name=%D0%B4%D0%BE%D1%81%D0%BB%D1%96%D0%B4%D0%B6%D0%B5%D0%BD%D0%BD%D1%8F"},
		{"name of none", "name=xyz"},
		{"all", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			var size int64
			for b.Loop() {
				r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.URL+"/api/services?page_size=50&"+c.query, nil)
				require.NoError(b, err)
				r.Header.Set("Authorization", "Bearer "+world.TokenValue("doctor"))
				start := time.Now()
				answer, err := http.DefaultClient.Do(r)
				require.NoError(b, err)
				size, err = io.Copy(io.Discard, answer.Body)
				took = append(took, time.Since(start))
				require.NoError(b, err)
				require.NoError(b, answer.Body.Close())
				require.Equal(b, http.StatusOK, answer.StatusCode)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(size)/1000, "kB")
		})
	}
}
