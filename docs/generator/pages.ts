import { apiPage } from './api-page.ts'
import { definitionPage } from './definition-page.ts'
import { eventsPage } from './events-page.ts'
import { openProject } from './source.ts'

/** The pages that are made from the source, by path. */
export function referencePages(): [path: string, text: string][] {
  const project = openProject()
  return [
    ['docs/reference/definition.md', definitionPage(project)],
    ['docs/reference/api.md', apiPage(project)],
    ['docs/reference/events.md', eventsPage(project)],
  ]
}
