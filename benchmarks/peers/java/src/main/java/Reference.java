import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.hl7.fhir.r5.context.SimpleWorkerContext;
import org.hl7.fhir.r5.elementmodel.Manager.FhirFormat;
import org.hl7.fhir.r5.model.Parameters;
import org.hl7.fhir.r5.utils.validation.ValidatorSession;
import org.hl7.fhir.r5.utils.validation.constants.ReferenceValidationPolicy;
import org.hl7.fhir.r5.utils.xver.XVerExtensionManagerFactory;
import org.hl7.fhir.utilities.VersionUtil;
import org.hl7.fhir.utilities.npm.NpmPackage;
import org.hl7.fhir.utilities.validation.ValidationMessage;
import org.hl7.fhir.validation.ValidatorSettings;
import org.hl7.fhir.validation.ValidatorUtils;
import org.hl7.fhir.validation.instance.InstanceValidator;
import org.hl7.fhir.validation.instance.advisor.BasePolicyAdvisorForFullValidation;

/**
 * The reference validator behind the peers' conversation: a line {@code PATH FROM TO} on standard input asks for those
 * lines of an NDJSON file to be judged, and a line of JSON on standard output answers.
 *
 * <p>It runs without a network: no terminology server, definitions from the package cache in {@code user.home}.
 */
public final class Reference {
  private final InstanceValidator validator;

  private Reference(InstanceValidator validator) {
    this.validator = validator;
  }

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err); // the validator talks while it loads
    Reference reference = new Reference(load(Path.of(arguments[0])));
    answers.println("{\"version\": \"" + version() + "\"}");
    BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String question = questions.readLine(); question != null; question = questions.readLine()) {
      answers.println(reference.answer(question));
    }
  }

  /** As the validator's own engine sets it up, but without the packages that the engine fetches for itself. */
  private static InstanceValidator load(Path core) throws IOException {
    SimpleWorkerContext context =
        new SimpleWorkerContext.SimpleWorkerContextBuilder()
            .withAllowLoadingDuplicates(true)
            .fromPackage(NpmPackage.fromFolder(core.toString()), ValidatorUtils.loaderForVersion("4.0.1"), false);
    context.setCanNoTS(true);
    context.setNoTerminologyServer(true);
    context.setExpansionParameters(new Parameters());
    InstanceValidator validator =
        new InstanceValidator(
            context,
            null,
            XVerExtensionManagerFactory.createExtensionManager(context),
            new ValidatorSession(),
            new ValidatorSettings());
    validator.setFetcher(new NothingElse());
    validator.setPolicyAdvisor(new BasePolicyAdvisorForFullValidation(ReferenceValidationPolicy.IGNORE, Set.of()));
    return validator;
  }

  private static String version() {
    return VersionUtil.getVersion();
  }

  private String answer(String question) throws IOException {
    String[] words = question.split("\t");
    List<byte[]> lines = lines(Path.of(words[0]), Integer.parseInt(words[1]), Integer.parseInt(words[2]));
    long before = processorTime();
    StringBuilder verdicts = new StringBuilder();
    for (byte[] line : lines) {
      verdicts.append(verdict(line));
    }
    double seconds = (processorTime() - before) / 1e9;
    return "{\"seconds\": " + seconds + ", \"verdicts\": \"" + verdicts + "\"}";
  }

  private static List<byte[]> lines(Path file, int from, int to) throws IOException {
    try (var all = Files.lines(file, StandardCharsets.UTF_8)) {
      return all.skip(from).limit(to - from).map(line -> line.getBytes(StandardCharsets.UTF_8)).toList();
    }
  }

  private char verdict(byte[] resource) {
    List<ValidationMessage> messages = new ArrayList<>();
    try {
      validator.validate(null, messages, new ByteArrayInputStream(resource), FhirFormat.JSON);
    } catch (RuntimeException fault) {
      return '!';
    }
    return messages.stream().noneMatch(message -> message.getLevel().isError()) ? '1' : '0';
  }

  private static long processorTime() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }
}
